import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { programFile } from '../lib/program-file.ts';
import { workerSpaceFlag } from '../lib/v8-flags.ts';
import { canBecome, type RunAs } from './run-as.ts';

/** The file descriptor of the channel in the worker's process. */
export const channelFd = 3;

/** The descriptor there of the listening socket that is handed over as the one with this index. */
export const socketFd = (index: number) => channelFd + 1 + index;

const program = fileURLToPath(programFile('http-worker.js'));
const setpriv = '/usr/bin/setpriv';

/**
 * What root may still do between start and giving itself up: read the program wherever it is, and
 * become somebody else.
 */
const requiredCapabilities = '-all,+setuid,+setgid,+dac_read_search';

export interface HttpProcessOptions {
  /** The user that it becomes; null when it stays the one that started uapid. */
  readonly runAs: RunAs | null;
  readonly environment: NodeJS.ProcessEnv;
  /** The listening sockets that it gets. */
  readonly sockets: readonly { readonly fd: number }[];
}

/** Starts the worker, in a session of its own so that a Ctrl-C reaches the monitor alone. */
export function spawnWorker({ runAs, environment, sockets }: HttpProcessOptions): {
  process: ChildProcess;
  channel: Duplex;
} {
  const node = [process.execPath, ...process.execArgv, workerSpaceFlag, program];
  const [command = '', ...args] = existsSync(setpriv) ? [...confined(runAs), ...node] : node;
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', ...sockets.map(({ fd }) => fd)],
    env: environment,
  });
  const channel = child.stdio[channelFd] as Duplex | null | undefined;
  if (channel == null) throw new Error('the worker has no channel');
  // Its end is told by the process' end.
  channel.on('error', () => {});
  return { process: child, channel };
}

/**
 * No program that it starts can gain a right, set-uid or not (prctl(2), PR_SET_NO_NEW_PRIVS). Without
 * an inheritable capability there is no ambient one either, so those that a service manager may give
 * to a user stay with the monitor (capabilities(7)).
 */
function confined(runAs: RunAs | null): string[] {
  const flags = [setpriv, '--no-new-privs', '--inh-caps=-all'];
  if (runAs === null) return flags;
  if (canBecome()) return [...flags, `--bounding-set=${requiredCapabilities}`];
  const user = [`--reuid=${runAs.uid}`, `--regid=${runAs.gid}`, '--clear-groups'];
  return [...flags, '--bounding-set=-all', ...user];
}
