import { spawn } from 'node:child_process';
import { childrenOf, titleOf, uidOf } from '../../../support/processes.ts';
import { until } from '../../../support/until.ts';
import type { TestUser } from '../../../support/users.ts';
import type { Started } from '../../../unit/os/processes/started.ts';

/** Run without arguments, so that the title is all that the process table has of it. */
const master = (uid: number) => `
  require('node:child_process').spawn('cat', [], { argv0: 'pure-ftpd (IDLE)', uid: ${uid} });
`;

/**
 * A process tree as a user can make it with a set-uid program: the parent is root's by its effective
 * uid, with the user's real uid and a master's title; its child is the user's, with a session's.
 */
export async function startSetUidTree(user: TestUser): Promise<Started> {
  const forge = `exec -a 'pure-ftpd (SERVER)' "$0"`;
  const args = ['--ruid', `${user.uid}`, 'bash', '-p', '-c', forge, process.execPath];
  const child = spawn('setpriv', args, { stdio: ['pipe', 'ignore', 'inherit'] });
  const { pid = 0 } = child;
  child.stdin.end(master(user.uid));
  const gone = new Promise((resolve) => child.once('exit', resolve));
  await until(
    () =>
      uidOf(pid) === 0 &&
      childrenOf(pid).some(
        (one) => titleOf(one.pid) === 'pure-ftpd (IDLE)' && uidOf(one.pid) === user.uid,
      ),
    { what: 'the forged master has its forged session' },
  );
  return {
    pid,
    async end() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
