import { spawn } from 'node:child_process';
import type { WaitedFor } from './waited-for.ts';

/** A read that returns takes a millisecond; the program's start takes a few. */
const probeTimeoutMs = 2_000;

export interface ProbeOptions {
  readonly procRoot: string;
  /** Says where programs are. */
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Tries whether the read that once hung returns now, in a process of its own that is killed when it
 * does not. Resolves to false also when no such process can be started, and only when it has ended:
 * so there never is more than one for a process that is waited for. A file that was open is read, a
 * path that was followed is followed without opening what it leads to.
 */
export function probe(
  { pid, file, isOpen }: WaitedFor,
  { procRoot, environment }: ProbeOptions,
): Promise<boolean> {
  const path = `${procRoot}/${pid}/${file}`;
  const [command, args] = isOpen
    ? ['head', ['-c', '1', '--', path]]
    : ['stat', ['--dereference', '--', path]];
  const child = spawn(command as string, args as string[], {
    stdio: 'ignore',
    env: environment,
    detached: true,
  });
  child.unref();
  return new Promise((resolve) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, probeTimeoutMs);
    timer.unref();
    child.once('error', () => {
      clearTimeout(timer);
      resolve(false);
    });
    child.once('exit', () => {
      clearTimeout(timer);
      resolve(!isLate);
    });
  });
}
