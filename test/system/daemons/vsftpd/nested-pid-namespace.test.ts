import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { everybody, ofUids } from '../../../../src/sessions/scope.ts';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { isAlive } from '../../../support/processes.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';
import { sandboxFolder, users } from '../../../support/users.ts';
import {
  logIn,
  servingProcesses,
  startVsftpd,
  type Vsftpd,
} from '../../../support/vsftpd/vsftpd.ts';
import { ask } from '../../channel/ask.ts';
import { serve, statusOf } from '../../channel/served.ts';
import { collectThrough, tables } from '../pure-ftpd/sources.ts';

const skip = needsSandbox();
const { alice, bob } = users;
const source = fileURLToPath(
  new URL('../../../../../test/support/vsftpd/upstream-isolation.c', import.meta.url),
);

/** Debian's vsftpd, which begins what serves a connection as upstream builds do. */
function upstreamIsolation(): Record<string, string> {
  const library = join(mkdtempSync(join(sandboxFolder, 'isolation-')), 'isolation.so');
  execFileSync('gcc', ['-shared', '-fPIC', '-Wall', '-O1', '-o', library, source, '-ldl']);
  return { LD_PRELOAD: library };
}

for (const titles of [true, false]) {
  describe(`a vsftpd with ${titles ? '' : 'no '}titles whose connections have PID namespaces of their own`, {
    skip,
  }, () => {
    let ftpd: Vsftpd;
    let client: FtpClient;
    let session: number;

    beforeEach(async () => {
      await makeHome(bob, []);
      ftpd = await startVsftpd({ titles, env: upstreamIsolation() });
      client = await connectFtp(ftpd);
      await logIn(client, bob);
      const serving = await servingProcesses(client);
      session = serving.session.pid;
      for (const { pid } of [serving.connection, serving.session]) {
        assert.equal(statusOf(pid, 'NSpid').length, statusOf(ftpd.pid, 'NSpid').length + 1);
      }
    });
    afterEach(async () => {
      client.destroy();
      await ftpd.stop();
    });

    test('is this host’s own: its sessions are their owners’, and it is no container', async () => {
      for (const [name, createTable] of Object.entries(tables)) {
        const table = createTable();
        if (table.files === null) continue;
        const collector = collectThrough(table);
        for (const scope of [everybody, ofUids([bob.uid])]) {
          const { sessions, gaps, daemons } = await collector.snapshot(scope);
          assert.deepEqual(
            sessions.map(({ pid, user, ownerUid }) => [pid, user, ownerUid]),
            [[session, bob.name, bob.uid]],
            name,
          );
          assert.deepEqual(gaps, [], name);
          assert.deepEqual(
            daemons.map(({ pid, ports }) => [pid, ports]),
            [[ftpd.pid, [ftpd.port]]],
            name,
          );
        }
        assert.deepEqual((await collector.snapshot(ofUids([alice.uid]))).sessions, [], name);
      }
    });

    test('and they end by their pid of this host', async (t) => {
      const uapid = await serve(t);
      assert.deepEqual(
        (await ask(uapid)).data.map(({ pid }) => pid),
        [session],
      );
      const answer = await ask(uapid, `/execute/Ftp/kill_session?pid=${session}`);
      assert.match(answer.body, /1 FTP session was ended\./);
      await until(() => !isAlive(session), { what: 'the session has ended' });
    });
  });
}
