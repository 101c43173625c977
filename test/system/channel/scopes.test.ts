import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectServer } from '../../../src/control/connect-server.ts';
import {
  everybody,
  ofLogins,
  ofSystemUsers,
  ofUids,
  type Scope,
} from '../../../src/sessions/scope.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { users } from '../../support/users.ts';
import { serve } from './served.ts';

const { alice, bob } = users;

test('every kind of scope is answered by a running server, and sessions are ended in it alone', {
  skip: needsSandbox(),
}, async (t) => {
  for (const user of [alice, bob]) await makeHome(user, []);
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  for (const { name, password } of [alice, bob]) {
    const client = await connectFtp(ftpd);
    t.after(() => client.destroy());
    await client.login(name, password);
  }
  const uapid = await serve(t);
  const server = await connectServer(join(uapid.stateDir, 'control.sock'), 'root');
  assert.ok(server);
  t.after(() => server.close());

  async function seen(scope: Scope) {
    assert.ok(server);
    const { sessions, gaps } = await server.sessions.snapshot(scope);
    return [sessions.map(({ user }) => user).sort(), gaps];
  }
  const both = [alice.name, bob.name].sort();
  assert.deepEqual(await seen(everybody), [both, []]);
  assert.deepEqual(await seen(ofUids([])), [[], []]);
  assert.deepEqual(await seen(ofUids([alice.uid])), [[alice.name], []]);
  assert.deepEqual(await seen(ofSystemUsers([alice.name, bob.name])), [both, []]);
  assert.deepEqual(await seen(ofLogins([bob.name])), [[bob.name], []]);
  assert.deepEqual(await seen(ofLogins([`*${alice.name.slice(1)}`])), [[alice.name], []]);
  assert.deepEqual(await seen(ofLogins(['*@shop.example'])), [[], []]);
  assert.deepEqual(await seen(ofSystemUsers([bob.name, 'nemo', 'root'])), [
    [bob.name],
    [
      { cause: 'system-user-unknown', ownerUid: null, systemUser: 'nemo' },
      { cause: 'system-user-is-root', ownerUid: null, systemUser: 'root' },
    ],
  ]);

  const { sessions } = await server.sessions.snapshot(ofLogins([bob.name]));
  const outcome = async (scope: Scope) => (await server.ender.end(sessions, scope))[0]?.outcome;
  for (const scope of [ofLogins([alice.name]), ofSystemUsers([alice.name]), ofLogins([])]) {
    assert.equal(await outcome(scope), 'gone');
  }
  assert.deepEqual(await seen(everybody), [both, []], 'nobody was sent a signal');
  assert.equal(await outcome(ofLogins([bob.name])), 'ended');
  assert.deepEqual(await seen(everybody), [[alice.name], []]);
});
