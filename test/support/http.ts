import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { listen } from '../../src/http/listeners.ts';
import { buildApp, type Services } from '../../src/worker/app.ts';
import { basic, testServices } from './app.ts';

/** One answer, as its bytes say it. */
export interface RawAnswer {
  readonly status: number;
  readonly reasonPhrase: string;
  /** Names in small letters, in the order that they came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** The first header of that name. */
  header(name: string): string | undefined;
}

/** The application behind a real socket. */
export interface TestServer {
  readonly port: number;
  /** Sends bytes over one connection and resolves to all that came until the server closed it. */
  exchange(bytes: string | Uint8Array): Promise<Buffer>;
  /** The same for one request, which must ask for the connection's end. */
  send(bytes: string | Uint8Array): Promise<RawAnswer>;
  close(): Promise<void>;
}

export interface Place {
  readonly host: string;
  readonly port: number;
}

const anywhere: Place = { host: '127.0.0.1', port: 0 };

/** Serves the application; an account's door on a free port unless told otherwise. */
export async function startServer(
  services: Services = testServices(),
  { host, port }: Place = anywhere,
): Promise<TestServer> {
  const app = await buildApp(services);
  const listeners = await listen(app, [{ url: `http://${host}:${port}`, host, port }]);
  const url = new URL(listeners.urls[0] ?? '');
  const realPort = Number(url.port);
  const exchange = (bytes: string | Uint8Array) => exchangeBytes({ host, port: realPort }, bytes);
  return {
    port: realPort,
    exchange,
    send: async (bytes) => {
      const [answer, ...more] = parseAnswers(await exchange(bytes), [methodOf(bytes)]);
      if (answer === undefined || more.length > 0) throw new Error('not one answer came');
      return answer;
    },
    close: async () => {
      app.endStreams();
      await listeners.close();
      await app.close();
    },
  };
}

/** Serves the application for as long as `use` runs. */
export async function withServer<T>(
  services: Services,
  use: (server: TestServer) => Promise<T>,
): Promise<T> {
  const server = await startServer(services);
  try {
    return await use(server);
  } finally {
    await server.close();
  }
}

/**
 * Serves the application where administrators knock: the real port, on a loopback address that
 * nobody else listens on.
 */
export async function startAdministratorServer(
  services: Services = testServices(),
  port: 2082 | 2083 | 2086 | 2087 = 2086,
): Promise<TestServer> {
  for (let tries = 1; ; tries++) {
    const host = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
    try {
      return await startServer(services, { host, port });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' || tries === 20) throw error;
    }
  }
}

async function exchangeBytes(place: Place, bytes: string | Uint8Array): Promise<Buffer> {
  const socket = connect(place.port, place.host);
  socket.setTimeout(60_000, () => socket.destroy(new Error('nothing came for 60 s')));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks);
}

/** The method of the request in those bytes. */
export function methodOf(bytes: string | Uint8Array): string {
  return /^\w+/.exec(Buffer.from(bytes).toString('latin1'))?.[0] ?? '';
}

/** Reads the answers to requests of those methods, one after the other; interim ones are left out. */
export function parseAnswers(bytes: Buffer, methods: readonly string[]): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) throw new Error(`this is no HTTP answer: ${rest.toString()}`);
    const [statusLine = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const [, status, reasonPhrase = ''] = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(statusLine) ?? [];
    rest = rest.subarray(end + 4);
    if (status === '100') continue;
    const headers = lines.map((line) => {
      const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
      return [name.toLowerCase(), value] as const;
    });
    const header = (wanted: string) => headers.find(([name]) => name === wanted)?.[1];
    const length = methods[answers.length] === 'HEAD' ? 0 : Number(header('content-length') ?? 0);
    const body = rest.subarray(0, length).toString();
    rest = rest.subarray(length);
    answers.push({ status: Number(status), reasonPhrase, headers, body, header });
  }
  return answers;
}

/** The bytes of a request that asks for the connection's end, to the host "x" unless it names one. */
export function request(
  methodAndTarget: string,
  headers: readonly string[] = [],
  body: string | Uint8Array = '',
): Buffer {
  const host = headers.some((line) => line.startsWith('Host: ')) ? [] : ['Host: x'];
  const lines = [`${methodAndTarget} HTTP/1.1`, ...host, 'Connection: close', ...headers];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), Buffer.from(body)]);
}

/** A POST with a body of that type and its length. */
export function post(
  target: string,
  type: string | null,
  body: string | Uint8Array,
  headers: readonly string[] = [],
): Buffer {
  const types = type === null ? [] : [`Content-Type: ${type}`];
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  return request(`POST ${target}`, [...types, length, ...headers], body);
}

/** The header line that shows an account's name and password. */
export function as(name: string, given?: string): string {
  return `Authorization: ${basic(name, given).authorization}`;
}
