import type { Msg, NatsConnection, Status } from '@nats-io/transport-node';
import { createBackoff } from '../../lib/backoff.ts';
import type { ConnectionKey } from '../signature/keys.ts';
import { checkDialledHost } from './dialled-host.ts';
import { codeOf, unknownAuthority } from './https-problem.ts';
import { askNatsInfo } from './nats-probe.ts';
import { natsVersionProblem } from './nats-version.ts';

/** Where the messaging servers are, and as whom to speak with them. */
export interface NatsPlace {
  /** nats://HOST:PORT, each of one cluster. */
  readonly servers: readonly string[];
  /** PEM texts; null for a connection that others can read. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | null;
  readonly key: ConnectionKey;
  /** How the server's own lists name this connection. */
  readonly name: string;
}

/** Beside each part of an answer: which of how many. */
export const partHeader = 'Uapid-Part';

export interface NatsReports {
  /** A sentence for the log, once for each change. */
  readonly onProblem: (sentence: string) => void;
  readonly onUp: (server: string) => void;
}

export interface LinkHandlers extends NatsReports {
  /** A new connection, which knows of no subscription yet. */
  readonly onConnection: (connection: NatsConnection) => void;
  /** The connection is lost; it comes back by itself, with its subscriptions. */
  readonly onDown: () => void;
}

/** A connection to the messaging servers that is made again for as long as it is wanted. */
export interface NatsLink {
  /** The connection while messages go through it; else null. */
  current(): NatsConnection | null;
  /** Why there is none, in a sentence; null while there is one. */
  problem(): string | null;
  close(): Promise<void>;
}

/** How the package is loaded: late, since a single host needs nothing of it. */
export const loadNats = () => import('@nats-io/transport-node');

const connectTimeoutMs = 5_000;
/** With two unanswered ones, a server that hangs is left after 45 s at the latest. */
const pingIntervalMs = 15_000;

/**
 * Calls with each message of a subject, and with what keeps them away, once for each change; null when they come
 * again. The server says no only once, also where its configuration is mended since, so it is asked again. A
 * message that cannot be read, as one whose headers are none, counts as none: what a callback throws is the end of
 * all reading over that connection.
 */
export function subscribeTo(
  connection: NatsConnection,
  subject: string,
  onMessage: (message: Msg) => void,
  onRefusal: (refusal: Error | null) => void,
): void {
  const pauseAfter = createBackoff();
  let refusal: string | null = null;

  function begin(): void {
    if (connection.isClosed()) return;
    let isRefused = false;
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) {
          isRefused = true;
          setTimeout(begin, pauseAfter(0)).unref();
          if (refusal !== error.message) onRefusal(error);
          refusal = error.message;
          return;
        }
        try {
          onMessage(message);
        } catch {
          // Whoever has sent it is waited for as one that says nothing.
        }
      },
    });
    if (refusal !== null)
      void connection.flush().then(
        () => isRefused || mended(),
        () => {},
      );
  }

  /** A refusal comes before the answer to what was sent behind the subscription. */
  function mended(): void {
    refusal = null;
    onRefusal(null);
  }

  begin();
}

/** Begins to connect, and goes on until `close`. */
export function openNatsLink(
  { connect }: Awaited<ReturnType<typeof loadNats>>,
  place: NatsPlace,
  handlers: LinkHandlers,
): NatsLink {
  const where = place.servers.join(', ');
  let connection: NatsConnection | null = null;
  let isUp = false;
  let isClosing = false;
  let problem: string | null = `not connected to ${where} yet`;
  /** What the server has said last against this connection. */
  let complaint = '';
  let wake: () => void = () => {};
  const done = run();

  function fail(sentence: string): void {
    isUp = false;
    if (problem !== sentence) handlers.onProblem(sentence);
    problem = sentence;
  }

  /** Whether the server of this moment may be used. */
  function accept(to: NatsConnection): boolean {
    const { version = '' } = to.info ?? {};
    const wrong = natsVersionProblem(version);
    if (wrong !== null) {
      fail(wrong);
      return false;
    }
    problem = null;
    complaint = '';
    isUp = true;
    handlers.onUp(to.getServer());
    return true;
  }

  function onStatus(to: NatsConnection, status: Status): void {
    if (status.type === 'disconnect' || status.type === 'staleConnection') {
      fail(`the connection to ${where} is lost`);
      handlers.onDown();
    } else if (status.type === 'reconnect') {
      if (!accept(to)) void to.close();
    } else if (status.type === 'error') {
      const { message } = status.error;
      if (message !== complaint) handlers.onProblem(`${where}: ${message}`);
      complaint = message;
    }
  }

  async function connectOnce(): Promise<void> {
    // What it does not know itself it hands on to node:tls. Without settings it must not speak TLS to anybody: it would
    // take a certificate of whatever authority Node.js trusts, and of another host where an address was dialled.
    const tls = place.tls === null ? null : { ...place.tls, checkServerIdentity: checkDialledHost };
    const made = await connect({
      servers: [...place.servers],
      name: place.name,
      authenticator: (nonce) => ({ nkey: place.key.publicKey, sig: place.key.prove(nonce ?? '') }),
      tls,
      // It tells of others before TLS, when anybody on the way could, and nobody here has named them.
      ignoreClusterUpdates: true,
      timeout: connectTimeoutMs,
      pingInterval: pingIntervalMs,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 500,
      reconnectJitter: 500,
      reconnectJitterTLS: 1_000,
      // A key that is taken away may come back.
      ignoreAuthErrorAbort: true,
    });
    connection = made;
    // It has forgotten those that it could not reach at first.
    made.setServers([...place.servers]);
    try {
      if (isClosing || !accept(made)) return;
      handlers.onConnection(made);
      for await (const status of made.status()) onStatus(made, status);
    } finally {
      connection = null;
      await made.close();
      if (isUp) fail(`the connection to ${where} is closed`);
      handlers.onDown();
    }
  }

  async function run(): Promise<void> {
    const pauseAfter = createBackoff();
    while (!isClosing) {
      const begun = performance.now();
      try {
        await connectOnce();
      } catch (error) {
        const wantsTls = place.tls === null && (await someWantTls(place.servers));
        fail(wantsTls ? wantsTlsText(where) : explain(error, where, place.tls !== null));
      }
      if (isClosing) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseAfter(performance.now() - begun));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  return {
    current: () => (isUp ? connection : null),
    problem: () => problem,
    close: async () => {
      isClosing = true;
      wake();
      await connection?.close();
      await done;
    },
  };
}

/** Whether one of them wants TLS, by its own word: what comes of speaking plainly to it is no more than some error. */
async function someWantTls(servers: readonly string[]): Promise<boolean> {
  const infos = await Promise.allSettled(servers.map(askNatsInfo));
  return infos.some((asked) => asked.status === 'fulfilled' && asked.value.isTls);
}

function wantsTlsText(where: string): string {
  return `${where} wants TLS: name --fleet-tls-ca, --fleet-tls-cert and --fleet-tls-key`;
}

/** What nats.js and the server say of a connection that does not come about, as an administrator can use it. */
function explain(error: unknown, where: string, isTls: boolean): string {
  const said = error instanceof Error ? error.message : String(error);
  if (/authorization|authentication/i.test(said)) {
    return `${where} does not know this key: write the messaging server’s configuration again (fleet nats-config) and reload it`;
  }
  if (isTls && unknownAuthority.test(codeOf(error))) {
    return `the certificate of ${where} is of another authority than the one in --fleet-tls-ca`;
  }
  if (isTls && codeOf(error) === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the certificate of ${where} is for another name: name it in --fleet as its certificate does, or give it one with this name`;
  }
  if (isTls && /does not support 'tls'/.test(said)) {
    return `${where} speaks without TLS, so others could read what is said: write its configuration again with --tls-cert, --tls-key and --tls-ca (fleet nats-config)`;
  }
  // A server that refuses the client's certificate just ends the handshake.
  if (isTls && /timeout|closed|reset|disconnect/i.test(said)) {
    return `${where} closed the connection during TLS: it wants a certificate of its own CA (--fleet-tls-cert), or does not know this key (fleet host add)`;
  }
  return `${where} cannot be reached: ${said}`;
}
