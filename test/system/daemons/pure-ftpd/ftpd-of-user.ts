import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pureFtpdPrograms } from '../../../support/daemons.ts';
import { startOnFreePort } from '../../../support/free-port.ts';
import { titleOf } from '../../../support/processes.ts';
import type { TestUser } from '../../../support/users.ts';
import type { Started } from '../../../unit/os/processes/started.ts';

/**
 * Starts a pure-ftpd as a user, who needs a port above 1023, and whose sessions run as the user at
 * once. `executable` is the system's unless given. Its end leaves its sessions.
 */
export async function startFtpdOfUser(
  { uid, gid }: TestUser,
  executable?: string,
): Promise<Started & { readonly port: number }> {
  const { pureFtpd, env } = await pureFtpdPrograms();
  const { child, port } = await startOnFreePort({
    what: 'the pure-ftpd of a user',
    launch: (port) =>
      spawn(executable ?? pureFtpd, ['-S', `127.0.0.1,${port}`, '-H', '-4'], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env,
        uid,
        gid,
      }),
    serves: ({ pid }) => titleOf(pid) === 'pure-ftpd (SERVER)',
  });
  return {
    pid: child.pid ?? 0,
    port,
    async end() {
      const exit = child.exitCode ?? child.signalCode ?? once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
