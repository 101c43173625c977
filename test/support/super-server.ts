import type { TestContext } from 'node:test';
import { pureFtpdPrograms } from './daemons.ts';
import { activateBySocket } from './socket-activate.ts';

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
  const ftpd = [pureFtpd, '-E', '-A', '-u', '100', '-H', '-l', 'unix', '-T', ':50'];
  const port = await activateBySocket(t, ftpd, env);
  return { host, port };
}
