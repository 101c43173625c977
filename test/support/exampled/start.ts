import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf, titleOf } from '../processes.ts';
import { until } from '../until.ts';
import { sandboxFolder, type TestUser } from '../users.ts';

export interface Exampled {
  readonly pid: number;
  readonly sessionPid: number;
  stop(): void;
}

/**
 * Starts the processes of the LABELLED daemon: a master of root's and one session of this user's, both
 * a copy of bash that waits, for 100 s at most.
 */
export async function startExampled({ uid, gid }: TestUser): Promise<Exampled> {
  const folder = mkdtempSync(join(sandboxFolder, 'exampled-'));
  const program = join(folder, 'exampled');
  copyFileSync('/bin/bash', program);
  for (const each of [folder, program]) chmodSync(each, 0o755);
  const waiting = 'trap - INT; read -t 100 x <> <(:)';
  const titled = `exec -a 'exampled: session' ${program} -c "$WAITING"`;
  const session = `exec setpriv --reuid ${uid} --regid ${gid} --clear-groups ${program} -c "$TITLED"`;
  const child = spawn(program, ['-m', '-c', `(${session}) & ${waiting}`], {
    argv0: 'exampled: master',
    env: { PATH: process.env['PATH'], WAITING: waiting, TITLED: titled },
    stdio: 'ignore',
  });
  const pid = child.pid ?? 0;
  const stop = () => {
    for (const each of [...childrenOf(pid).map((child) => child.pid), pid]) {
      try {
        process.kill(each, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    }
  };
  process.once('exit', stop);
  const sessionPid = await until(
    () => childrenOf(pid).find((each) => titleOf(each.pid) === 'exampled: session')?.pid,
    { what: 'the session of exampled is there' },
  );
  return { pid, sessionPid, stop };
}
