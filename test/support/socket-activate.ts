import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { startOnFreePort } from './free-port.ts';

/**
 * Starts a super-server on a port of 127.0.0.1 that runs the command for each connection, as inetd
 * does and systemd's sockets with Accept=yes. Ends with the test; resolves to the port.
 */
export async function activateBySocket(
  t: TestContext,
  command: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<number> {
  const passed = Object.entries(env).map(([name, value]) => `--setenv=${name}=${value}`);
  const { child, port } = await startOnFreePort({
    what: 'the super-server',
    launch: (port) =>
      spawn(
        'systemd-socket-activate',
        ['--listen', `127.0.0.1:${port}`, '--accept', '--inetd', ...passed, ...command],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      ),
    serves: ({ said }) => said.includes('Listening on'),
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return port;
}
