import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { pureFtpdPrograms } from './daemons.ts';
import { startOnFreePort } from './free-port.ts';

/** A port of 127.0.0.1 where a pure-ftpd is started for each connection. */
export interface SuperServer {
  readonly host: '127.0.0.1';
  readonly port: number;
}

/**
 * Starts a super-server that waits for connections and gives each to a pure-ftpd of its own, as inetd
 * and tcpserver do and systemd's sockets with Accept=yes. Ends with the test.
 */
export async function startSuperServer(t: TestContext): Promise<SuperServer> {
  const { pureFtpd, env } = await pureFtpdPrograms();
  const host = '127.0.0.1';
  const passed = Object.entries(env).map(([name, value]) => `--setenv=${name}=${value}`);
  const ftpd = [pureFtpd, '-E', '-A', '-u', '100', '-H', '-l', 'unix', '-T', ':50'];
  const { child, port } = await startOnFreePort({
    what: 'the super-server',
    launch: (port) =>
      spawn(
        'systemd-socket-activate',
        ['--listen', `${host}:${port}`, '--accept', '--inetd', ...passed, ...ftpd],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      ),
    serves: ({ said }) => said.includes('Listening on'),
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { host, port };
}
