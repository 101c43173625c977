import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { programFile } from '../lib/program-file.ts';
import { newSpaceFlag } from '../lib/v8-flags.ts';

/** The file descriptor of the channel in the process that was started. */
export const channelFd = 3;

const setpriv = '/usr/bin/setpriv';

export interface ConfinedProcess {
  readonly process: ChildProcess;
  /** To the process that was started; its errors are told by the end of the process. */
  readonly channel: Duplex;
}

/**
 * Starts another program of this bundle, by its file below `dist/src/`, with no more of root's rights
 * than `capabilities` (capabilities(7)), and a channel to it. It has a session of its own, so that a
 * Ctrl-C reaches the monitor alone and all that it starts can be ended with it. `environment` is all
 * that its environment has.
 */
export function spawnConfined(
  program: string,
  environment: NodeJS.ProcessEnv,
  capabilities: readonly string[],
): ConfinedProcess {
  const file = fileURLToPath(programFile(program));
  const node = [process.execPath, ...process.execArgv, newSpaceFlag, file];
  const isConfined = existsSync(setpriv);
  const [command = '', ...args] = isConfined ? [...confined(capabilities), ...node] : node;
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    env: environment,
  });
  const channel = child.stdio[channelFd] as Duplex | null | undefined;
  if (channel == null) throw new Error(`${program} has no channel`);
  channel.on('error', () => {});
  return { process: child, channel };
}

/**
 * It can gain no right, and ends with the monitor also while it hangs in the kernel
 * (prctl(2), PR_SET_NO_NEW_PRIVS and PR_SET_PDEATHSIG). What a service manager has given to another
 * user than root stays.
 */
function confined(capabilities: readonly string[]): string[] {
  const flags = [setpriv, '--no-new-privs', '--pdeathsig=KILL'];
  const set = ['-all', ...capabilities.map((name) => `+${name}`)];
  return process.geteuid?.() === 0 ? [...flags, `--bounding-set=${set}`] : flags;
}
