import { connect, isIP, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { ConnectionKey } from '../signature/keys.ts';
import { unknownAuthority } from './https-problem.ts';

/*
 * A client of a NATS server (https://docs.nats.io/reference/reference-protocols/nats-protocol) that tries one
 * thing after the other and hears what the server says to each. The client that carries messages connects
 * again and again by itself and tells too little of why it could not.
 */

/** What kept a connection from coming about. */
export type ProbeProblem =
  | 'unreachable'
  | 'no-nats'
  | 'speaks-plainly'
  | 'wants-tls'
  | 'other-authority'
  | 'other-name'
  | 'tls'
  | 'certificate-refused'
  | 'key-refused';

export class ProbeError extends Error {
  override readonly name = 'ProbeError';
  readonly problem: ProbeProblem;

  constructor(problem: ProbeProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** What a server says of itself first. */
export interface NatsInfo {
  readonly version: string;
  readonly isTls: boolean;
  /** What is to be signed; null where it lets in everybody. */
  readonly nonce: string | null;
  readonly hasJetStream: boolean;
}

export interface ProbeTls {
  readonly ca: string;
  /** Absent to try what happens without. */
  readonly cert?: string;
  readonly key?: string;
}

/** A connection that was let in. Each gives what the server said against it; null for nothing. */
export interface NatsProbe {
  publish(subject: string): Promise<string | null>;
  /** For no longer than it takes to ask. */
  subscribe(subject: string, queue?: string): Promise<string | null>;
  close(): void;
}

const timeoutMs = 5_000;
/** No line of the server is longer; its INFO is the longest. */
const maxLine = 64 * 1024;

interface Lines {
  /** The next line that tells something. Rejects at the end of the connection, and when none comes. */
  next(): Promise<string>;
  /** Stops reading. */
  release(): void;
}

function placeOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url.replace(/^nats:/, 'http:'));
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) };
}

/** Reads lines, and over the payload of messages. */
function readLines(stream: Readable): Lines {
  let buffer = Buffer.alloc(0);
  let failure: Error | null = null;
  const lines: string[] = [];
  let wake: () => void = () => {};

  function take(): void {
    for (;;) {
      const end = buffer.indexOf('\r\n');
      if (end < 0) {
        if (buffer.length > maxLine) failure = new Error('a line without an end');
        return;
      }
      const line = buffer.subarray(0, end).toString('utf8');
      const size = /^H?MSG .* (\d+)$/.exec(line)?.[1];
      const rest = end + 2 + (size === undefined ? 0 : Number(size) + 2);
      if (buffer.length < rest) return;
      buffer = buffer.subarray(rest);
      if (size === undefined) lines.push(line);
    }
  }

  const onData = (data: Buffer) => {
    buffer = Buffer.concat([buffer, data]);
    take();
    wake();
  };
  const onError = (error: Error) => {
    failure ??= error;
    wake();
  };
  const onClose = () => onError(new Error('the connection was closed'));
  stream.on('data', onData).on('error', onError).on('close', onClose);
  return {
    next: async () => {
      const until = performance.now() + timeoutMs;
      for (;;) {
        const line = lines.shift();
        if (line !== undefined) return line;
        if (failure !== null) throw failure;
        const left = until - performance.now();
        if (left <= 0) throw new Error('no answer came in time');
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    release: () => {
      stream.off('data', onData).off('close', onClose);
    },
  };
}

function readInfo(line: string, url: string): NatsInfo {
  try {
    const { version, tls_required, nonce, jetstream } = JSON.parse(line.replace(/^INFO /, ''));
    if (!line.startsWith('INFO ') || typeof version !== 'string') throw new Error(line);
    return {
      version: version.slice(0, 32),
      isTls: tls_required === true,
      nonce: typeof nonce === 'string' ? nonce : null,
      hasJetStream: jetstream === true,
    };
  } catch {
    throw new ProbeError('no-nats', `${url} speaks, but not as a NATS server does`);
  }
}

async function openSocket(url: string): Promise<Socket> {
  const socket = connect(placeOf(url));
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer came in time')));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new ProbeError('unreachable', `${url} cannot be reached (${error.code ?? error.message})`),
      ),
    );
  });
  return socket;
}

/** What the server says of itself, before anybody has shown anything. Rejects with ProbeError. */
export async function askNatsInfo(url: string): Promise<NatsInfo> {
  const { socket, info, lines } = await greet(url);
  lines.release();
  socket.destroy();
  return info;
}

async function greet(url: string) {
  const socket = await openSocket(url);
  const lines = readLines(socket);
  try {
    return { socket, lines, info: readInfo(await lines.next(), url) };
  } catch (error) {
    socket.destroy();
    if (error instanceof ProbeError) throw error;
    throw new ProbeError('no-nats', `${url} does not speak as a NATS server does`);
  }
}

/** Connects with that key and certificate. Rejects with ProbeError, which says what is wrong. */
export async function openNatsProbe(
  url: string,
  { tls, key }: { readonly tls: ProbeTls | null; readonly key: ConnectionKey | null },
): Promise<NatsProbe> {
  const { socket, info, lines: greeting } = await greet(url);
  try {
    if (info.isTls && tls === null) {
      throw new ProbeError('wants-tls', `${url} wants TLS`);
    }
    if (!info.isTls && tls !== null) {
      throw new ProbeError('speaks-plainly', `${url} speaks without TLS`);
    }
    greeting.release();
    const stream = tls === null ? socket : await startTls(socket, url, tls);
    return await logIn(stream, info, key, url);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function startTls(socket: Socket, url: string, tls: ProbeTls): Promise<TLSSocket> {
  const { host } = placeOf(url);
  const secure = connectTls({
    socket,
    ...tls,
    ...(isIP(host) === 0 ? { servername: host } : { host }),
  });
  await new Promise<void>((resolve, reject) => {
    secure.once('secureConnect', resolve);
    secure.once('error', (error) => reject(tlsProblem(error, url)));
  });
  return secure;
}

function tlsProblem(error: NodeJS.ErrnoException, url: string): ProbeError {
  const { code = '', message } = error;
  if (unknownAuthority.test(code)) {
    return new ProbeError('other-authority', `the certificate of ${url} is of another authority`);
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new ProbeError('other-name', `the certificate of ${url} is for another name`);
  }
  // It ends the connection behind its alert, which then may be lost.
  if (/ALERT|^(?:ECONNRESET|EPIPE)$/.test(code)) {
    return new ProbeError('certificate-refused', `${url} does not take this machine’s certificate`);
  }
  return new ProbeError('tls', `TLS with ${url} failed (${code || message})`);
}

async function logIn(
  stream: Socket,
  { nonce, isTls }: NatsInfo,
  key: ConnectionKey | null,
  url: string,
): Promise<NatsProbe> {
  const lines = readLines(stream);
  const proof =
    key === null || nonce === null ? {} : { nkey: key.publicKey, sig: key.prove(nonce) };
  const hello = { verbose: false, pedantic: false, protocol: 1, lang: 'uapid', version: '1' };
  const more = { headers: true, no_responders: true, echo: false, tls_required: isTls };
  stream.write(
    `CONNECT ${JSON.stringify({ ...hello, ...more, name: 'uapid check', ...proof })}\r\n`,
  );
  let subscriptions = 0;

  /** Writes, and gives what the server says before it answers the PING behind that. */
  async function tell(text: string): Promise<string | null> {
    stream.write(`${text}PING\r\n`);
    let complaint: string | null = null;
    for (;;) {
      const line = await lines.next();
      if (line === 'PONG') return complaint;
      if (line === 'PING') stream.write('PONG\r\n');
      if (line.startsWith('-ERR')) complaint ??= line.slice(5);
    }
  }

  try {
    const complaint = await tell('');
    if (complaint !== null) throw new Error(complaint);
  } catch (error) {
    stream.destroy();
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (isTls && /ALERT|^(?:ECONNRESET|EPIPE)$/.test(code)) throw tlsProblem(error as Error, url);
    throw new ProbeError('key-refused', `${url} does not know this key (${message})`);
  }
  return {
    publish: (subject) => tell(`PUB ${subject} 0\r\n\r\n`),
    subscribe: (subject, queue) => {
      subscriptions += 1;
      const of = queue === undefined ? '' : `${queue} `;
      return tell(`SUB ${subject} ${of}${subscriptions}\r\nUNSUB ${subscriptions}\r\n`);
    },
    close: () => stream.destroy(),
  };
}
