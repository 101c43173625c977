import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { activateBySocket } from '../socket-activate.ts';
import { type VsftpdRelease, vsftpdProgram } from './programs.ts';
import { type VsftpdOptions, vsftpdConfiguration } from './settings.ts';

/**
 * Starts a super-server that gives each connection to a vsftpd of its own, as inetd does and systemd's
 * sockets with Accept=yes. Ends with the test; what it has started ends with its connection.
 */
export async function startVsftpdBehind(
  t: TestContext,
  options: VsftpdOptions & { readonly release: VsftpdRelease },
): Promise<{ readonly port: number }> {
  const { vsftpd, env } = await vsftpdProgram(options.release);
  const folder = mkdtempSync(join(tmpdir(), 'vsftpd-'));
  const configured = `/etc/${basename(folder)}`;
  mkdirSync(configured, { mode: 0o755 });
  const configuration = join(configured, 'vsftpd.conf');
  writeFileSync(configuration, vsftpdConfiguration(options, false, folder));
  const room = { UAPID_TEST_ROOM: '-'.repeat(400) };
  const port = await activateBySocket(t, [vsftpd, configuration].flat(), { ...room, ...env });
  return { port };
}
