import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs, { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { entryName } from '../../../src/daemons/pure-ftpd/scoreboard.ts';
import { testServices } from '../../support/app.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { as, request, startServer } from '../../support/http.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, users } from '../../support/users.ts';
import { ask } from '../channel/ask.ts';
import { serve } from '../channel/served.ts';
import { builds, encodeEntry } from '../daemons/pure-ftpd/entry-bytes.ts';
import { collectThrough, tables } from '../daemons/pure-ftpd/sources.ts';

const skip = needsSandbox();
const { alice, bob } = users;

/** Below the limit that this process, and so each that it starts, may have. */
const descriptors = 15_000;

/** Waits with many descriptors of one file, FOLDER/client-PID where a folder is given. */
const source = `
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
int main(int count, char **arguments) {
  struct rlimit limit;
  char path[4096] = "/dev/null", end;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (count > 1) snprintf(path, sizeof path, "%s/client-%08d", arguments[1], getpid());
  int file = open(path, count > 1 ? O_RDONLY | O_CREAT : O_RDONLY, 0600);
  if (file < 0) return 1;
  for (int each = 0; each < ${descriptors}; each++) if (dup(file) < 0) return 2;
  if (write(1, "ready", 5) != 5) return 3;
  return (int)read(0, &end, 1);
}
`;

/** Starts it as an ordinary user's under the daemon's name; in the folder files are named like records. */
async function startHoarder(t: TestContext, named?: 'named like its record'): Promise<number> {
  const folder = mkdtempSync(join(sandboxFolder, 'hoarder-'));
  fs.chmodSync(folder, 0o755);
  const [own, program] = [join(folder, 'files'), join(folder, 'pure-ftpd')];
  mkdirSync(own);
  fs.chownSync(own, alice.uid, alice.gid);
  const compiler = spawn('gcc', ['-x', 'c', '-O1', '-o', program, '-'], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  compiler.stdin.end(source);
  await until(() => compiler.exitCode === 0, { what: 'the program is built' });
  const child = spawn(program, named === undefined ? [] : [own], {
    uid: alice.uid,
    gid: alice.gid,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let told = '';
  child.stdout.on('data', (data) => {
    told += data;
  });
  await until(() => told === 'ready', { what: 'it has its descriptors', timeoutMs: 60_000 });
  const pid = child.pid ?? 0;
  assert.ok(readdirSync(`/proc/${pid}/fd`).length > descriptors);
  if (named !== undefined) leaveRecord(t, pid);
  return pid;
}

/** As one stays behind of a session that was killed under inetd: a FAKE, since pids come round slowly. */
function leaveRecord(t: TestContext, pid: number): void {
  const path = join('/run/pure-ftpd', entryName(pid));
  const entry = {
    state: 1,
    pid,
    remoteAddress: Buffer.from([192, 0, 2, 7]),
    remotePort: 50_100,
    localAddress: Buffer.from([127, 0, 0, 1]),
    localPort: 21,
    connectedAt: 1_700_000_000n,
    transferStartedAt: 1_700_000_000n,
    restartedAt: 0n,
    bytesTotal: 0n,
    bytesMoved: 0n,
    account: Buffer.from('carol'),
    file: Buffer.from(''),
  };
  mkdirSync('/run/pure-ftpd', { recursive: true, mode: 0o700 });
  writeFileSync(path, encodeEntry(entry, builds[1]), { mode: 0o600 });
  t.after(() => rmSync(path, { force: true }));
}

/** The reads go through this FAKE that counts those of the files of one process, and else does as before. */
function countReads(t: TestContext, pid: number): () => number {
  const names = ['openSync', 'readlinkSync', 'statSync'] as const;
  const real = Object.fromEntries(names.map((name) => [name, fs[name]]));
  let count = 0;
  const pattern = new RegExp(`^/proc/${pid}/`);
  for (const name of names) {
    const call = real[name] as (...args: unknown[]) => unknown;
    const patched = (...args: unknown[]) => {
      if (pattern.test(String(args[0]))) count += 1;
      return call(...args);
    };
    Object.assign(fs, { [name]: patched });
  }
  syncBuiltinESMExports();
  t.after(() => {
    Object.assign(fs, real);
    syncBuiltinESMExports();
  });
  return () => {
    const counted = count;
    count = 0;
    return counted;
  };
}

const kinds = [
  ['any files', undefined],
  ['files that are named like its record', 'named like its record'],
] as const;

for (const [what, named] of kinds) {
  for (const through of ['procfs', 'procfs kept open']) {
    test(`a scan reads little of a user's process with thousands of ${what} open, through ${through}`, {
      skip,
    }, async (t) => {
      const pid = await startHoarder(t, named);
      const table = tables[through]?.();
      assert.ok(table);
      const server = await startServer(testServices({ sessions: collectThrough(table) }));
      t.after(() => server.close());
      const counted = countReads(t, pid);
      for (let look = 0; look < 3; look += 1) {
        const answer = await server.send(request('GET /Ftp/list_sessions', [as('admin')]));
        const { data, warnings } = JSON.parse(answer.body).result;
        assert.deepEqual(data, []);
        assert.equal(warnings.length, 2, `${warnings}`);
        const reads = counted();
        assert.ok(reads > 0 && reads < 100, `${reads} reads`);
      }
    });
  }
}

test('a server starts, answers and stays whole beside such processes', { skip }, async (t) => {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(bob.name, bob.password);
  const session = await client.sessionPid();
  for (const [, named] of kinds) await startHoarder(t, named);
  const uapid = await serve(t);
  for (let look = 0; look < 3; look += 1) {
    const { data, warnings } = await ask(uapid);
    assert.deepEqual(
      data.map((row) => [row.pid, row.user]),
      [[session, bob.name]],
    );
    assert.doesNotMatch(warnings.join('\n'), /left alone/);
  }
});
