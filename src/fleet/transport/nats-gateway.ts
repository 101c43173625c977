import { randomBytes } from 'node:crypto';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { collectParts, type PartCollector, readPlace } from './collect-parts.ts';
import {
  type LinkHandlers,
  loadNats,
  type NatsPlace,
  type NatsReports,
  openNatsLink,
  partHeader,
} from './nats-link.ts';
import { answerSubject, answersToRun, askSubject } from './subjects.ts';
import { extraMs, type GatewayTransport } from './transport.ts';

/** A request that is out, or was a few seconds ago. */
interface Open {
  readonly collector: PartCollector;
  readonly askedAt: number;
}

/** A gateway over a NATS server: core requests, each with a subject of its own for the answer. */
export async function createNatsGateway(
  gateway: string,
  place: NatsPlace,
  reports: NatsReports,
): Promise<GatewayTransport> {
  const nats = await loadNats();
  const run = randomBytes(12).toString('base64url');
  const open = new Map<string, Open>();

  const onMessage = (error: Error | null, message: Msg) => {
    if (error !== null) {
      reports.onProblem(`answers cannot be received: ${error.message}`);
      return;
    }
    const token = message.subject.slice(message.subject.lastIndexOf('.') + 1);
    const { collector } = open.get(token) ?? {};
    if (collector === undefined) return;
    if (message.headers?.code === 503) {
      collector.end('absent');
      return;
    }
    const at = readPlace(message.headers?.get(partHeader) ?? '');
    if (at !== null) collector.add(at, message.data);
  };

  const handlers: LinkHandlers = {
    ...reports,
    onConnection: (connection) => {
      connection.subscribe(answersToRun(gateway, run), { callback: onMessage });
    },
    onDown: () => {
      for (const { collector } of open.values()) collector.end('lost');
      open.clear();
    },
  };
  const link = openNatsLink(nats, place, handlers);

  /** Those whose late parts matter to nobody any more; a map keeps the order in which they went out. */
  function forgetOld(now: number): void {
    for (const [token, { askedAt }] of open) {
      if (now - askedAt < extraMs) return;
      open.delete(token);
    }
  }

  function publish(connection: NatsConnection, server: string, verb: string, body: Uint8Array) {
    const token = randomBytes(16).toString('base64url');
    const reply = answerSubject(gateway, run, token);
    connection.publish(askSubject(server, verb), body, { reply });
    return token;
  }

  return {
    ask: async (server, verb, body, { signal, onExtra = () => {} }) => {
      const connection = link.current();
      if (connection === null) return { kind: 'lost', isUnsent: true };
      const now = performance.now();
      forgetOld(now);
      const collector = collectParts(onExtra);
      const silence = () => collector.end('silent');
      signal.addEventListener('abort', silence, { once: true });
      if (signal.aborted) silence();
      try {
        const token = publish(connection, server, verb, body);
        open.set(token, { collector, askedAt: now });
      } catch (error) {
        reports.onProblem(`asking failed: ${(error as Error).message}`);
        collector.end('lost');
      }
      const result = await collector.result;
      signal.removeEventListener('abort', silence);
      return result;
    },
    problem: link.problem,
    close: link.close,
  };
}
