import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectServer } from '../../../src/control/connect-server.ts';
import { openControl } from '../../../src/control/open-control.ts';
import { createSystemUsers } from '../../../src/os/users/system-users.ts';
import { localHost } from '../../../src/sessions/identity.ts';
import { everybody } from '../../../src/sessions/scope.ts';
import { ftpSession, testServices } from '../../support/app.ts';
import { relayOf } from '../../support/relay.ts';
import { needsSandbox } from '../../support/sandbox.ts';

test('each command’s audit lines name accounts by the system’s users of that moment', {
  skip: needsSandbox(),
}, async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-open-control-'));
  const before = readFileSync('/etc/passwd', 'utf8');
  t.after(() => {
    writeFileSync('/etc/passwd', before);
    rmSync(stateDir, { recursive: true });
  });
  /** The sandbox's own user file, in which the user has that uid. */
  const setUid = (uid: number) =>
    writeFileSync('/etc/passwd', `${before.trimEnd()}\nshop:x:${uid}:${uid}::/:/bin/false\n`);
  const lines: string[] = [];
  const { sessions, accounts, logger } = testServices();
  const shop = {
    name: 'the-shop',
    role: 'user',
    systemUser: 'shop',
    ftpLogins: [],
    owner: null,
    features: [],
  } as const;
  const path = join(stateDir, 'control.sock');
  const close = await openControl(
    { controlSocket: { path, isRequired: true }, controlGroup: null, stateDir },
    {
      snapshots: relayOf(sessions),
      // A fake: whose sessions end is all that matters here.
      ender: {
        end: async (identities) =>
          identities.map(({ pid, startTime }) => ({
            identity: { host: localHost, pid, startTime },
            session: ftpSession({ host: localHost, pid, startTime, ownerUid: pid }),
            outcome: 'ended',
          })),
      },
      systemUsers: createSystemUsers(),
      accounts: { ...accounts, list: () => [shop] },
      writeAudit: (line) => lines.push(line),
      logger,
    },
  );
  t.after(close);
  for (const [uid, stranger] of [
    [64_001, 64_002],
    [64_002, 64_001],
  ] as const) {
    setUid(uid);
    const server = await connectServer(path, 'root');
    assert.ok(server);
    const identities = [uid, stranger].map((pid) => ({ host: localHost, pid, startTime: '1' }));
    await server.ender.end(identities, everybody);
    server.close();
    const named = lines.splice(0).map((line) => /account=(\S+)/.exec(line)?.[1]);
    assert.deepEqual(named, ['"the-shop"', '-']);
  }
});
