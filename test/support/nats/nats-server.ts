import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOnFreePort } from '../free-port.ts';
import { until } from '../until.ts';
import { type NatsVersion, natsServerProgram } from './nats-server-program.ts';

/** PEM texts of a certificate for a client and the CA that has made it. */
export interface ClientTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority in a folder of its own, with a server's pair. */
export interface TestAuthority {
  readonly folder: string;
  readonly serverFiles: { readonly cert: string; readonly key: string; readonly ca: string };
  client(name: string): ClientTls;
  remove(): void;
}

/** Made by openssl(1), which knows nothing of this project. `env` may set its clock. */
export function createAuthority(env: NodeJS.ProcessEnv = {}): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-ca-'));
  const path = (name: string) => join(folder, name);
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { stdio: 'pipe', env: { ...process.env, ...env } });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const caFiles = ['-keyout', path('ca.key'), '-out', path('ca.pem')];
  openssl('req', '-x509', ...curve, ...caFiles, '-subj', '/CN=test authority', '-days', '2');
  writeFileSync(path('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  const issue = (name: string) => {
    const request = ['-keyout', path(`${name}.key`), '-out', path(`${name}.csr`)];
    openssl('req', ...curve, ...request, '-subj', `/CN=${name}`);
    const by = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial', '-days', '2'];
    const to = ['-in', path(`${name}.csr`), '-out', path(`${name}.pem`)];
    openssl('x509', '-req', ...to, ...by, '-extfile', path('names'));
    return { cert: path(`${name}.pem`), key: path(`${name}.key`) };
  };
  const serverFiles = { ...issue('server'), ca: path('ca.pem') };
  return {
    folder,
    serverFiles,
    client: (name) => {
      const { cert, key } = issue(name);
      const read = (file: string) => readFileSync(file, 'utf8');
      return { ca: read(path('ca.pem')), cert: read(cert), key: read(key) };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface RunningNats {
  readonly url: string;
  readonly port: number;
  readonly child: ChildProcess;
  /** What it has written to its log so far. */
  log(): string;
  /** Another configuration from now on; resolves when it is in force. */
  reload(config: string): Promise<void>;
  /** Ends it and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Runs the real nats-server on a free port of loopback. `config` makes its configuration for HOST:PORT. */
export async function startNats(
  config: (listen: string) => string,
  onPort?: number,
  version: NatsVersion = 'oldest',
): Promise<RunningNats> {
  const program = await natsServerProgram(version);
  const folder = mkdtempSync(join(tmpdir(), 'uapid-nats-'));
  const file = join(folder, 'nats.conf');
  let log = '';
  const launch = (port: number) => {
    log = '';
    writeFileSync(file, config(`127.0.0.1:${port}`));
    const child = spawn(program, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    return child;
  };
  const serves = ({ port }: { port: number }) => greets(port);
  const started =
    onPort === undefined
      ? await startOnFreePort({ what: 'nats-server', launch, serves })
      : { child: launch(onPort), port: onPort };
  const { child, port } = started;
  if (onPort !== undefined) {
    await until(() => greets(port), { what: 'nats-server is back', timeoutMs: 30_000 });
  }
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    child,
    log: () => log,
    reload: async (text) => {
      const before = log.split('Reloaded server configuration').length;
      writeFileSync(file, text);
      child.kill('SIGHUP');
      await until(() => log.split('Reloaded server configuration').length > before, {
        what: `nats-server has read its configuration again: ${log.slice(-300)}`,
      });
    },
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whether a NATS server says its INFO there. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('INFO '));
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
