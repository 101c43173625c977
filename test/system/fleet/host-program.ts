import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { childrenOf, titleOf } from '../../support/processes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { startUapid } from '../../support/uapid.ts';
import { users } from '../../support/users.ts';

/*
 * A host of a fleet in a process table of its own: a real pure-ftpd and a real uapid. The arguments are the
 * state directory and uapid's flags. It says on which port its FTP server is, obeys the lines on its
 * standard input, and ends with it.
 */

const [, , stateDir, ...flags] = process.argv;
const virtualUsers = [users.alice, users.bob].map((owner) => ({
  name: `dev@${owner.name}.example`,
  password: 'only for tests',
  owner,
}));
const ftpd = await startPureFtpd({ throttle: 300, virtualUsers });
const puredb = ['--pure-ftpd-puredb', join(ftpd.folder, 'virtual.pdb')];
const uapid = await startUapid([...flags, ...puredb], undefined, stateDir);
process.stdout.write(`${JSON.stringify({ port: ftpd.port, url: uapid.url })}\n`);

/** The monitor first, which would replace a worker that does not answer. */
function signalAll(signal: NodeJS.Signals): void {
  const children = childrenOf(uapid.pid).map(({ pid }) => pid);
  for (const pid of [uapid.pid, ...children]) process.kill(pid, signal);
}

function killWorker(): void {
  const worker = childrenOf(uapid.pid).find(({ pid }) => titleOf(pid)?.startsWith('uapid: http'));
  if (worker !== undefined) process.kill(worker.pid, 'SIGKILL');
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'freeze') signalAll('SIGSTOP');
  if (line === 'thaw') signalAll('SIGCONT');
  if (line === 'kill-worker') killWorker();
  if (line === 'reload') process.kill(uapid.pid, 'SIGHUP');
  if (line === 'log') process.stdout.write(`${JSON.stringify({ log: uapid.log() })}\n`);
  else process.stdout.write(`${JSON.stringify({ done: line })}\n`);
}
process.exit();
