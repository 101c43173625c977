import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FtpClient } from './ftp-client.ts';
import { until } from './until.ts';
import type { TestUser } from './users.ts';

/** What is preloaded into a pure-ftpd of root's, so that its sessions do what else nobody can ask for. */
export interface Misbehaviour {
  /** For the daemon's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** From here on what reads the command line of this client's session waits. */
  holdLock(client: FtpClient): Promise<void>;
  /** Ends all waits; the sessions go on. */
  release(): Promise<void>;
  /** From here on SIGTERM does nothing to this client's session. */
  ignoreEnd(client: FtpClient): Promise<void>;
}

/** For sessions of this user, in whose home the file system is; it ends with the test. */
export async function prepareMisbehaviour(t: TestContext, user: TestUser): Promise<Misbehaviour> {
  const folder = mkdtempSync(join(tmpdir(), 'misbehaviour-'));
  const mount = join(user.home, 'stalling');
  const [fs, library] = [join(folder, 'stalling-fs'), join(folder, 'misbehave.so')];
  mkdirSync(mount);
  chownSync(mount, user.uid, user.gid);
  compile('stalling-fs.c', ['-o', fs]);
  compile('misbehave.c', ['-shared', '-fPIC', '-o', library]);
  execFileSync('chmod', ['-R', 'go+rX', folder]);
  const child = spawn(fs, [mount, String(user.uid), String(user.gid)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const release = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  t.after(async () => {
    await release();
    execFileSync('umount', ['--lazy', mount]);
    rmdirSync(mount);
    rmSync(folder, { recursive: true });
  });
  await until(() => said.includes('mounted'), { what: 'the file system is mounted' });
  return {
    env: { LD_PRELOAD: library },
    release,
    holdLock: async (client) => {
      // There is no answer before the lock is free again, if the client is still there then.
      client.command('MKD hold-the-lock').catch(() => {});
      await until(() => said.includes('write'), { what: 'the session holds its lock' });
    },
    ignoreEnd: async (client) => {
      await client.command('MKD ignore-the-end');
    },
  };
}

/** The sources are not compiled with the tests. */
const sources = fileURLToPath(new URL('../../../test/support/memory-lock/', import.meta.url));

function compile(source: string, args: readonly string[]): void {
  execFileSync('gcc', ['-O1', '-Wall', '-Werror', join(sources, source), ...args]);
}
