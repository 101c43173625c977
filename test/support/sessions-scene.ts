import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { type ServedUapid, type ServeOptions, serve } from '../system/channel/served.ts';
import { plainEnv, program, type Result } from './cli-run.ts';
import { runCommand } from './command-run.ts';
import { connectFtp, type FtpClient } from './ftp-client.ts';
import { shortLived } from './node-flags.ts';
import { type PureFtpd, startPureFtpd } from './pure-ftpd.ts';
import { users } from './users.ts';

/** The password of the virtual users. */
const password = randomBytes(12).toString('hex');

/** A pure-ftpd with alice's virtual users beside the system's; downloads take their time. */
export async function startScene(t: TestContext, logins: readonly string[] = []): Promise<Scene> {
  const ftpd = await startPureFtpd({
    throttle: 200,
    virtualUsers: logins.map((name) => ({ name, password, owner: users.alice })),
  });
  t.after(() => ftpd.stop());
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-sessions-'));
  t.after(() => rmSync(stateDir, { recursive: true, force: true }));
  return {
    ftpd,
    stateDir,
    logIn: async (login) => {
      const client = await connectFtp(ftpd);
      t.after(() => client.destroy());
      const user = users[login as 'alice'] as (typeof users)['alice'] | undefined;
      await client.login(login, user?.password ?? password);
      return { client, pid: await client.sessionPid() };
    },
    serve: (options = {}) => serve(t, { ...options, stateDir }),
    uapid: (...args) => runCommand([...args, '--state-dir', stateDir]),
  };
}

export interface Scene {
  readonly ftpd: PureFtpd;
  readonly stateDir: string;
  logIn(login: string): Promise<{ client: FtpClient; pid: number }>;
  /** Starts a server on the state directory. */
  serve(options?: ServeOptions): Promise<ServedUapid>;
  /** Runs a command on the state directory, as with its output in pipes. */
  uapid(...args: string[]): Promise<Result>;
}

/** Runs a copy of the program as another user, with the output in pipes. */
export async function uapidAs(
  user: { readonly uid: number; readonly gid: number },
  args: readonly string[],
  cli = program,
): Promise<Result> {
  const setpriv = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups'];
  const child = spawn('setpriv', [...setpriv, process.execPath, ...shortLived, cli, ...args], {
    env: plainEnv({ HOME: '/nonexistent' }),
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr };
}
