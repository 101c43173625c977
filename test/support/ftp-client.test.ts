import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { connectFtp } from './ftp-client.ts';
import { childrenOf, processStat, ticksSinceBoot } from './processes.ts';
import { startProftpd } from './proftpd.ts';
import { startPureFtpd } from './pure-ftpd.ts';
import { needsSandbox } from './sandbox.ts';
import { until } from './until.ts';
import { users } from './users.ts';

/**
 * A fake, which prints its port: a real master closes its copy of a connection at once, unless the
 * machine is so busy that its child has served half the session before it runs again.
 */
const keepsItsCopy = `
  use Socket;
  $| = 1;
  socket(S, 2, 1, 6);
  bind(S, sockaddr_in(0, inet_aton("127.0.0.1")));
  listen(S, 8);
  print +(sockaddr_in(getsockname(S)))[0], "\\n";
  accept(C, S);
  if (!fork) { close(S); syswrite(C, "220 here\\r\\n") }
  sleep`;

test('of two clients with one port each is told its own session', {
  skip: needsSandbox(),
}, async (t) => {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  const one = await connectFtp({ ...ftpd, localAddress: '127.0.0.2' });
  t.after(() => one.destroy());
  const { localPort } = one;
  const other = await connectFtp({ ...ftpd, localAddress: '127.0.0.3', localPort });
  t.after(() => other.destroy());
  assert.equal(other.localPort, localPort);
  const pids = [await one.sessionPid(), await other.sessionPid()];
  const children = childrenOf(ftpd.pid).map(({ pid }) => pid);
  assert.deepEqual(
    pids,
    children.sort((a, b) => a - b),
  );
});

test('the session is what serves a connection, not the master that holds it still', {
  skip: needsSandbox(),
}, async (t) => {
  const master = spawn('perl', ['-e', keepsItsCopy], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { pid = 0 } = master;
  t.after(() => {
    for (const child of childrenOf(pid)) process.kill(child.pid, 'SIGKILL');
    master.kill('SIGKILL');
  });
  const [port] = (await once(master.stdout, 'data')) as [Buffer];
  await until(() => ticksSinceBoot() > Number(processStat(pid)?.startTime), {
    what: 'the master is older than the connection',
  });
  const client = await connectFtp({ host: '127.0.0.1', port: Number(port) });
  t.after(() => client.destroy());
  assert.deepEqual(
    [await client.sessionPid()],
    childrenOf(pid).map((child) => child.pid),
  );
});

test('a client that is destroyed leaves no transfer open, which would keep its session alive', {
  skip: needsSandbox(),
}, async (t) => {
  const ftpd = await startProftpd();
  t.after(() => ftpd.stop());
  const client = await connectFtp(ftpd);
  await client.login(users.alice.name, users.alice.password);
  await client.startUpload('up.bin', { bytes: 1_000 });
  client.destroy();
  await until(() => childrenOf(ftpd.pid).length === 0, { what: 'the session is gone' });
});
