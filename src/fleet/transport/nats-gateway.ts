import { randomBytes, randomUUID } from 'node:crypto';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { collectParts, type PartCollector, readPlace } from './collect-parts.ts';
import { createFloodWatch, type Flow } from './flood-watch.ts';
import {
  type LinkHandlers,
  loadNats,
  type NatsPlace,
  type NatsReports,
  openNatsLink,
  partHeader,
  subscribeTo,
} from './nats-link.ts';
import { createPulse } from './pulse.ts';
import { answerSubject, answersToRun, askSubject } from './subjects.ts';
import { extraMs, type GatewayTransport } from './transport.ts';

/** A request that is out, or was a few seconds ago. */
interface Open {
  /** Null once it has ended: thousands that hold their answers for seconds would be much to collect. */
  collector: PartCollector | null;
  readonly onExtra: (part: Uint8Array) => void;
  readonly askedAt: number;
  readonly flow: Flow;
}

/** An answer of one part needs no header. */
const whole = { part: 1, parts: 1 };

/** What a host says that is not asked. */
const nothing = { kind: 'answer', parts: [] } as const;

/** So often the requests are forgotten that are too old, in ms. */
const forgetEveryMs = 1_000;

/** A gateway over a NATS server: core requests, each with a subject of its own for the answer. */
export async function createNatsGateway(
  gateway: string,
  place: NatsPlace,
  reports: NatsReports,
): Promise<GatewayTransport> {
  const nats = await loadNats();
  const run = randomBytes(12).toString('base64url');
  const answersHere = answerSubject(gateway, run, '');
  const open = new Map<string, Open>();
  let unsent: (() => void)[] = [];
  let forgottenAt = 0;
  const pulse = createPulse();
  const floods = createFloodWatch((server) =>
    reports.onProblem(
      `${server} sends more than it was asked for, and is not asked for ten minutes`,
    ),
  );

  const onMessage = (message: Msg) => {
    pulse.beats();
    const token = message.subject.slice(message.subject.lastIndexOf('.') + 1);
    const asked = open.get(token);
    if (asked === undefined) return;
    const { collector, onExtra, flow } = asked;
    floods.saw(flow, message.data.length);
    if (message.headers?.code === 503) {
      collector?.end('absent');
      return;
    }
    const at = message.headers === undefined ? whole : readPlace(message.headers.get(partHeader));
    if (at === null) return;
    if (collector === null) onExtra(message.data);
    else collector.add(at, message.data);
  };

  const handlers: LinkHandlers = {
    ...reports,
    onConnection: (connection) => {
      subscribeTo(connection, answersToRun(gateway, run), onMessage, ({ message }) =>
        reports.onProblem(`answers cannot be received: ${message}`),
      );
    },
    onDown: () => {
      // They are kept: what comes to them later tells who has taken the connection away.
      for (const { collector } of open.values()) collector?.end('lost');
    },
  };
  const link = openNatsLink(nats, place, handlers);

  /** Those whose late parts matter to nobody any more; a map keeps the order in which they went out. */
  function forgetOld(now: number): void {
    // A walk passes over all that were deleted before.
    if (now - forgottenAt < forgetEveryMs) return;
    forgottenAt = now;
    for (const [token, { askedAt }] of open) {
      if (now - askedAt < extraMs) return;
      open.delete(token);
    }
  }

  function publish(connection: NatsConnection, server: string, verb: string, body: Uint8Array) {
    const token = randomUUID();
    connection.publish(askSubject(server, verb), body, { reply: `${answersHere}${token}` });
    return token;
  }

  /**
   * All that is asked before the event loop goes on goes out together: for a message that is published in
   * a microtask of its own the client writes to its socket at once, a third of what a gateway did.
   */
  function sendSoon(send: () => void): void {
    unsent.push(send);
    if (unsent.length === 1) process.nextTick(sendAll);
  }

  function sendAll(): void {
    const all = unsent;
    unsent = [];
    for (const send of all) send();
  }

  return {
    ask: async (server, verb, body, { signal, maxBytes, onExtra = () => {} }) => {
      const connection = link.current();
      if (connection === null) return { kind: 'lost', isUnsent: true };
      if (floods.isShutOut(server)) return nothing;
      const now = performance.now();
      forgetOld(now);
      const collector = collectParts(onExtra);
      const flow = floods.flowOf(server, maxBytes);
      const asked: Open = { collector, onExtra, askedAt: now, flow };
      const silence = async () =>
        collector.end((await pulse.isFelt(connection)) ? 'silent' : 'lost');
      signal.addEventListener('abort', silence, { once: true });
      if (signal.aborted) void silence();
      sendSoon(() => {
        try {
          if (link.current() !== connection) return collector.end('lost');
          open.set(publish(connection, server, verb, body), asked);
        } catch (error) {
          reports.onProblem(`asking failed: ${(error as Error).message}`);
          collector.end('lost');
        }
      });
      const result = await collector.result;
      asked.collector = null;
      signal.removeEventListener('abort', silence);
      return result;
    },
    problem: link.problem,
    close: link.close,
  };
}
