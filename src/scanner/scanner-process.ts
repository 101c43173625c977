import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { programFile } from '../lib/program-file.ts';
import { newSpaceFlag } from '../lib/v8-flags.ts';

/** The file descriptor of the channel in the scanner's process. */
export const channelFd = 3;

const program = fileURLToPath(programFile('scanner.js'));
const setpriv = '/usr/bin/setpriv';

/**
 * What looking and ending need of root's rights (capabilities(7)): other users' descriptors and
 * executables, a signal to their processes, and what lies in folders that root alone may search.
 */
const capabilities = '-all,+sys_ptrace,+kill,+dac_read_search';

/**
 * Starts a scanner in a session of its own, so that a Ctrl-C reaches the monitor alone and all that
 * the scanner starts can be ended with it.
 */
export function spawnScanner(environment: NodeJS.ProcessEnv): {
  process: ChildProcess;
  channel: Duplex;
} {
  const node = [process.execPath, newSpaceFlag, ...process.execArgv, program];
  const [command = '', ...args] = existsSync(setpriv) ? [...confined(), ...node] : node;
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    env: environment,
  });
  const channel = child.stdio[channelFd] as Duplex | null | undefined;
  if (channel == null) throw new Error('the scanner has no channel');
  // Its end is told by the process' end.
  channel.on('error', () => {});
  return { process: child, channel };
}

/**
 * It can gain no right, and ends with the monitor also while it hangs in the kernel
 * (prctl(2), PR_SET_NO_NEW_PRIVS and PR_SET_PDEATHSIG). What a service manager has given to another
 * user than root stays.
 */
function confined(): string[] {
  const flags = [setpriv, '--no-new-privs', '--pdeathsig=KILL'];
  return process.geteuid?.() === 0 ? [...flags, `--bounding-set=${capabilities}`] : flags;
}
