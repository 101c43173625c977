import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAlive, processStat } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { users } from '../../support/users.ts';
import { startTitled, startWithPid } from '../../unit/os/processes/started.ts';
import { doors, type Outcome } from '../ownership/doors.ts';
import { openScene, resultOf, type Visitor } from './ending-scene.ts';

const none = 'There is no such FTP session. Nothing was ended.';
const of = ({ pid, start }: Visitor) => `pid=${pid}&start=${start}`;

describe('Ftp::end_session', { skip: needsSandbox() }, () => {
  for (const door of doors) {
    test(`ends the one session that is named, at the door ${door.name}`, async (t) => {
      const scene = await openScene(t);
      const [named, other] = [await scene.visit('alice'), await scene.visit('alice')];
      await named.client.startDownload('big.bin');
      const params = [
        ['pid', String(named.pid)],
        ['start', named.start],
      ] as const;
      const target = door.target('end_session', params, door.namesAccount ? 'alice' : null);
      const caller = door.namesAccount ? 'admin' : 'alice';
      const { body } = door.forAdministrators
        ? await scene.getAsAdministrator(caller, target)
        : await scene.get(caller, target);
      const fine = { data: null, metadata: {}, warnings: [], error: null };
      const error = `Could not find function 'end_session' in module 'Ftp'`;
      const outcome: Outcome = door.isApi2
        ? { ...fine, messages: [], error }
        : { ...fine, messages: ['1 FTP session was ended.'] };
      assert.equal(body, door.body('end_session', outcome));
      assert.equal(await other.isThere(), true);
      if (door.isApi2) return;
      assert.equal(await named.isThere(), false);
      assert.deepEqual(scene.audited(), [
        `session-ended address=127.0.0.1 account="alice" by="${caller}" pid=${named.pid} start=${named.start} login="alice" outcome=ended`,
      ]);
      // Named once more it is as if it had never been.
      const again = await scene.get('alice', `/execute/Ftp/end_session?${of(named)}`);
      assert.deepEqual(resultOf(again).errors, [none]);
      assert.deepEqual(scene.audited(), [
        `session-ended address=127.0.0.1 account="alice" by="alice" pid=${named.pid} start=${named.start} login=- outcome=none`,
      ]);
    });
  }

  test('answers the same bytes for somebody else’s session as for none', async (t) => {
    const scene = await openScene(t);
    const foreign = await scene.visit('bob');
    const target = `/execute/Ftp/end_session?${of(foreign)}`;
    const shown = await scene.get('alice', target);
    assert.deepEqual(resultOf(shown).errors, [none]);
    assert.equal(await foreign.isThere(), true);
    assert.match(scene.audited()[0] ?? '', /account="alice" by="alice" .*login=- outcome=none$/);
    assert.equal(
      (await scene.get('alice', '/execute/Ftp/end_session?pid=1&start=1')).body,
      shown.body,
    );
    const wrong = await scene.get('bob', `/execute/Ftp/end_session?pid=${foreign.pid}&start=1`);
    assert.equal(wrong.body, shown.body);
    assert.equal(await foreign.isThere(), true);
    const admin = await scene.get('admin', target);
    assert.deepEqual(resultOf(admin).messages, ['1 FTP session was ended.']);
  });

  test('spares the process that has the pid of a session by now', async (t) => {
    const scene = await openScene(t);
    const visitor = await scene.visit('alice');
    await scene.get('alice', '/execute/Ftp/list_sessions');
    await visitor.client.quit();
    const heir = await startWithPid(visitor.pid, () =>
      startTitled('pure-ftpd (IDLE)', users.alice),
    );
    t.after(() => heir.end());
    for (const start of [visitor.start, processStat(heir.pid)?.startTime ?? '']) {
      const target = `/execute/Ftp/end_session?pid=${heir.pid}&start=${start}`;
      assert.deepEqual(resultOf(await scene.get('alice', target)).errors, [none]);
      assert.deepEqual(resultOf(await scene.get('admin', target)).errors, [none]);
    }
    assert.equal(isAlive(heir.pid), true);
  });

  test('wants both parts of the identity, in their form', async (t) => {
    const scene = await openScene(t);
    const visitor = await scene.visit('alice');
    const { pid, start } = visitor;
    for (const query of [
      '',
      `pid=${pid}`,
      `start=${start}`,
      `pid=${pid}&start=`,
      `pid=-${pid}&start=${start}`,
      `pid=0&start=${start}`,
      `pid=${pid}.0&start=${start}`,
      `pid=${pid}%20&start=${start}`,
      `pid=99999999999999999999&start=${start}`,
      `pid=${pid}&start=${start}%00`,
      `pid=${pid}&start=${'1'.repeat(33)}`,
    ]) {
      const { errors } = resultOf(await scene.get('alice', `/execute/Ftp/end_session?${query}`));
      assert.match(errors?.[0] ?? '', /^Send pid and start/, query);
    }
    assert.equal(new Set(scene.audited()).size, 1);
    assert.equal(await visitor.isThere(), true);
  });
});
