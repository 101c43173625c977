import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { startOnFreePort } from '../free-port.ts';
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
  const passed = Object.entries(env).map(([name, value]) => `--setenv=${name}=${value}`);
  const room = `--setenv=UAPID_TEST_ROOM=${'-'.repeat(400)}`;
  const { child, port } = await startOnFreePort({
    what: 'the super-server',
    launch: (port) =>
      spawn(
        'systemd-socket-activate',
        ['--listen', `127.0.0.1:${port}`, '--accept', '--inetd', room, ...passed].concat(
          vsftpd,
          configuration,
        ),
        { stdio: ['ignore', 'ignore', 'pipe'] },
      ),
    serves: ({ said }) => said.includes('Listening on'),
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { port };
}
