import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { processStat, titleOf } from '../../../support/processes.ts';
import { until } from '../../../support/until.ts';

/** A process that a test started; it stays until it is ended. */
export interface Started {
  readonly pid: number;
  /** Ends it and waits until it is gone. */
  end(): Promise<void>;
}

export interface StartOptions {
  readonly uid?: number;
  readonly gid?: number;
  /** What it executes; must wait for the end of its input, as cat does. */
  readonly executable?: string;
}

/** Starts a program under a title of choice, without any argument. */
export async function startTitled(title: string, options: StartOptions = {}): Promise<Started> {
  const { uid, gid, executable = '/bin/cat' } = options;
  const child = spawn(executable, [], {
    argv0: title,
    stdio: ['pipe', 'ignore', 'ignore'],
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
  const started = handle(child);
  await until(() => titleOf(started.pid) === title, { what: `a process is titled "${title}"` });
  return started;
}

/** Starts a command and does not wait for anything. */
export function startCommand(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Started {
  return handle(spawn(command, args, { stdio: 'ignore', ...options }));
}

/** What ends a child process. */
export function handle(child: ChildProcess): Started {
  const { pid } = child;
  if (pid === undefined) throw new Error(`${child.spawnfile} does not start`);
  const gone = once(child, 'exit');
  return {
    pid,
    async end() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Makes the kernel give this pid to the next process, when it is free (ns_last_pid, proc(5)). */
export function takePidNext(pid: number): void {
  writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
}

/**
 * Starts processes by `start` until one has the pid that a process which is gone had. */
export async function startWithPid(pid: number, start: () => Promise<Started>): Promise<Started> {
  await until(() => processStat(pid) === undefined, { what: `pid ${pid} is free` });
  for (let attempt = 0; attempt < 50; attempt++) {
    takePidNext(pid);
    const started = await start();
    if (started.pid === pid) return started;
    await started.end();
  }
  throw new Error(`pid ${pid} does not come again`);
}
