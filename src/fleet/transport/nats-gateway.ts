import { randomBytes, randomUUID } from 'node:crypto';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { PartCollector, readPlace } from './collect-parts.ts';
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
import { createServerHeartbeat } from './server-heartbeat.ts';
import { answerSubject, answersToRun, askSubject } from './subjects.ts';
import { type AskOptions, extraMs, type GatewayTransport } from './transport.ts';

/** A request that is out, or was a few seconds ago. */
interface Open {
  /** Null once it has an answer, which is not to be held as long as this. */
  collector: PartCollector | null;
  readonly flow: Flow;
  readonly onExtra: NonNullable<AskOptions['onExtra']>;
  readonly askedAt: number;
}

/** A request that goes out soon. */
interface Unsent {
  readonly connection: NatsConnection;
  readonly collector: PartCollector;
  readonly flow: Flow;
  readonly verb: string;
  readonly body: Uint8Array;
  readonly onExtra: Open['onExtra'];
  readonly askedAt: number;
}

/** An answer of one part needs no header. */
const whole = { part: 1, parts: 1 };

/** Bytes of a message with its headers, which nats.js knows and does not declare. */
const sizeOf = (message: Msg) => (message as Msg & { size(): number }).size();

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
  let unsent: Unsent[] = [];
  let forgottenAt = 0;
  const heartbeat = createServerHeartbeat();
  const floods = createFloodWatch((server) =>
    reports.onProblem(
      `${server} sends more than it was asked for, and is not asked for ten minutes`,
    ),
  );

  /** Why answers do not come to this connection; null while they do. */
  let subscriptionProblem: string | null = null;

  function loseAll(): void {
    // They are kept: what comes to them later tells who has taken the connection away.
    for (const { collector } of open.values()) collector?.end('lost');
  }

  const onMessage = (message: Msg) => {
    heartbeat.beat();
    const token = message.subject.slice(message.subject.lastIndexOf('.') + 1);
    const asked = open.get(token);
    if (asked === undefined) return;
    const { collector, flow } = asked;
    // Before its headers are looked at: what makes no sense throws there.
    floods.saw(flow, sizeOf(message));
    const { headers, data } = message;
    if (headers?.code === 503) {
      collector?.end('absent');
      return;
    }
    const at = headers === undefined ? whole : readPlace(headers.get(partHeader));
    if (at === null) return;
    if (!collector?.add(at, data)) asked.onExtra(data, flow.server, asked.askedAt);
    else if (collector.isDone) asked.collector = null;
  };

  const handlers: LinkHandlers = {
    ...reports,
    onConnection: (connection) => {
      subscriptionProblem = null;
      subscribeTo(connection, answersToRun(gateway, run), onMessage, (refusal) => {
        subscriptionProblem = refusal && `answers cannot be received: ${refusal.message}`;
        if (subscriptionProblem === null) return reports.onUp(connection.getServer());
        reports.onProblem(subscriptionProblem);
        loseAll();
      });
    },
    onDown: loseAll,
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

  function publish(connection: NatsConnection, { flow, verb, body }: Unsent): string {
    const token = randomUUID();
    connection.publish(askSubject(flow.server, verb), body, { reply: `${answersHere}${token}` });
    return token;
  }

  /**
   * All that is asked before the event loop goes on goes out together: for a message that is published in
   * a microtask of its own the client writes to its socket at once, a third of what a gateway did.
   */
  function sendAll(): void {
    const all = unsent;
    unsent = [];
    for (const each of all) {
      const { connection, collector, flow, onExtra, askedAt } = each;
      try {
        if (link.current() !== connection) collector.endUnsent();
        else {
          const token = publish(connection, each);
          open.set(token, { collector, flow, onExtra, askedAt });
        }
      } catch (error) {
        reports.onProblem(`asking failed: ${(error as Error).message}`);
        collector.endUnsent();
      }
    }
  }

  /** A messaging server that hangs is no host's silence. */
  async function kindOfSilence(): Promise<'silent' | 'lost'> {
    const connection = link.current();
    return connection !== null && (await heartbeat.isAlive(connection)) ? 'silent' : 'lost';
  }

  return {
    ask: (
      server,
      verb,
      body,
      { signal, askedAt = performance.now(), maxBytes, onExtra = () => {} },
    ) => {
      const connection = link.current();
      if (connection === null || subscriptionProblem !== null) {
        return Promise.resolve({ kind: 'lost', isUnsent: true });
      }
      if (floods.isShutOut(server)) return Promise.resolve({ kind: 'shut-out' });
      forgetOld(askedAt);
      const collector = new PartCollector(signal, kindOfSilence);
      const flow = floods.flowOf(server, maxBytes);
      unsent.push({ connection, collector, flow, verb, body, onExtra, askedAt });
      if (unsent.length === 1) process.nextTick(sendAll);
      return collector.result;
    },
    problem: () => link.problem() ?? subscriptionProblem,
    close: link.close,
  };
}
