import { execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { openTokenStore } from '../../../src/accounts/token-store.ts';
import { addAccount, type TestAccount } from '../../support/add-account.ts';
import { shortLived } from '../../support/node-flags.ts';
import { cli, withoutMetrics } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';

/** The ports that clients hard-wire: the account's and the administrator's. */
export const ports = { account: 2083, administrator: 2087 } as const;

export interface Credentials {
  readonly name: string;
  readonly password: string;
  readonly token: string;
}

/** A real uapid that listens with TLS where cPanel’s clients knock. */
export interface UapidOnCpanelPorts {
  /** A loopback address that nobody else listens on. */
  readonly host: string;
  /** The self-signed certificate: its PEM text and its file. */
  readonly certificate: string;
  readonly certificateFile: string;
  readonly root: Credentials;
  readonly alice: Credentials;
  readonly bob: Credentials;
  readonly carol: Credentials;
  /** Ends it with SIGTERM and removes its state. */
  stop(): Promise<void>;
}

/**
 * Starts uapid with a certificate for its address, three accounts with a token each,
 * https on ports 2083 and 2087. One that is not stopped ends with this process.
 */
export async function startUapidOnCpanelPorts(): Promise<UapidOnCpanelPorts> {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-state-'));
  const removeState = () => rmSync(stateDir, { recursive: true, force: true });
  process.once('exit', removeState);
  const root = await addCredentials(stateDir, 'root', { role: 'admin' });
  const alice = await addCredentials(stateDir, users.alice.name);
  const bob = await addCredentials(stateDir, users.bob.name);
  const carol = await addCredentials(stateDir, users.carol.name);
  let complaint = '';
  for (let attempt = 0; attempt < 5; attempt++) {
    const host = `127.${[0, 0, 0].map(() => randomInt(1, 255)).join('.')}`;
    run(stateDir, ['tls', 'self-signed', '--force', '--host', host]);
    const started = await launch(stateDir, host);
    if (typeof started !== 'string') {
      const certificateFile = join(stateDir, 'tls', 'cert.pem');
      const certificate = readFileSync(certificateFile, 'utf8');
      const stop = async () => {
        await started.stop();
        process.off('exit', removeState);
        removeState();
      };
      return { host, certificate, certificateFile, root, alice, bob, carol, stop };
    }
    complaint = started;
    if (!complaint.includes('is in use already')) break;
  }
  throw new Error(`uapid does not start: ${complaint}`);
}

/** An account with a password and a token. */
export async function addCredentials(stateDir: string, name: string, account: TestAccount = {}) {
  const password = randomBytes(12).toString('hex');
  addAccount(stateDir, name, password, account);
  const { text: token } = await openTokenStore(stateDir).add(
    { account: name },
    openAccountStore(stateDir),
  );
  return { name, password, token };
}

/** Runs a command of uapid and returns its standard output. */
export function run(stateDir: string, args: readonly string[]): string {
  return execFileSync(process.execPath, [cli, ...args, '--state-dir', stateDir], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Resolves once it listens on both ports, or to what it said when it ended instead. */
async function launch(stateDir: string, host: string): Promise<{ stop(): Promise<void> } | string> {
  const urls = Object.values(ports).map((port) => `https://${host}:${port}`);
  const place = ['--listen', urls.join(','), '--state-dir', stateDir, ...withoutMetrics];
  const child = spawn(process.execPath, [...shortLived, cli, 'serve', ...place], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'close');
  let [output, log] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const listens = () => urls.every((url) => output.includes(url));
  await until(() => listens() || child.exitCode !== null, {
    what: 'uapid listens',
    timeoutMs: 60_000,
  });
  if (!listens()) {
    await ended;
    process.off('exit', kill);
    return log.trim();
  }
  return {
    async stop() {
      child.kill('SIGTERM');
      const killer = setTimeout(kill, 60_000);
      await ended;
      clearTimeout(killer);
      process.off('exit', kill);
    },
  };
}
