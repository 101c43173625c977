import { createCloneWatch } from '../../../src/fleet/gateway/clones.ts';
import { createFanOut, defaultLimits } from '../../../src/fleet/gateway/fan-out.ts';
import { createFleetSessions } from '../../../src/fleet/gateway/fleet-sessions.ts';
import { createHostRecords } from '../../../src/fleet/gateway/host-records.ts';
import { createKnownAnswers } from '../../../src/fleet/gateway/known-answers.ts';
import { shareFanOut } from '../../../src/fleet/gateway/share-fan-out.ts';
import { connectionKey, readSigningKey } from '../../../src/fleet/signature/keys.ts';
import { signRequest } from '../../../src/fleet/signature/signed-frame.ts';
import { createNatsGateway } from '../../../src/fleet/transport/nats-gateway.ts';
import type { GatewayTransport } from '../../../src/fleet/transport/transport.ts';
import { everybody } from '../../../src/sessions/scope.ts';
import type { SessionSource } from '../../../src/sessions/session.ts';
import { answerParent } from '../helper-process.ts';
import { createHttpFanOut } from './http-fan-out.ts';

/** What the gateway's process is told: first where everything is, then what to ask. */
export type GatewayOrder = { readonly open: GatewayPlace } | { readonly ask: AskOrder };

export interface GatewayPlace {
  readonly name: string;
  readonly url: string;
  readonly seed: string;
  readonly signingKey: string;
  /** Where hosts serve HTTP, by name. */
  readonly ports: readonly (readonly [host: string, port: number])[];
}

export interface AskOrder {
  /** Orders of one name share what a gateway remembers of its hosts. */
  readonly as: string;
  readonly hosts: readonly string[];
  readonly over: 'nats' | 'http';
  /** Whether hosts may say that nothing has changed. */
  readonly remembers: boolean;
  readonly callers: number;
  /** Hosts that are asked at a time; null for as many as there are. */
  readonly window: number | null;
}

/** What it cost. */
export interface AskReport {
  readonly ms: number;
  /** Of the gateway's process. */
  readonly cpuMs: number;
  /** Of all answers. */
  readonly bytes: number;
  readonly rows: number;
  readonly missing: number;
}

const transports: Partial<Record<AskOrder['over'], GatewayTransport>> = {};
const gateways = new Map<string, SessionSource>();
let place: GatewayPlace | null = null;
let bytes = 0;

/* A gateway, a process of its own: all of it but the HTTP server. */
answerParent<GatewayOrder, AskReport | null>(async (order) => {
  if ('ask' in order) return ask(order.ask);
  place = order.open;
  const key = connectionKey(place.seed);
  if (key === null) throw new Error('the gateway’s key cannot be used');
  const { name, url, ports } = place;
  await new Promise<void>((resolve, reject) => {
    createNatsGateway(
      name,
      { servers: [url], tls: null, key, name },
      { onUp: () => setImmediate(resolve), onProblem: (problem) => reject(new Error(problem)) },
    ).then((transport) => {
      transports.nats = counting(transport);
    }, reject);
  });
  transports.http = counting(createHttpFanOut(new Map(ports)));
  return null;
});

async function ask(order: AskOrder): Promise<AskReport> {
  const gateway = gateways.get(order.as) ?? openGateway(order);
  gateways.set(order.as, gateway);
  bytes = 0;
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const asked = Array.from({ length: order.callers }, () => gateway.snapshot(everybody));
  const [first] = await Promise.all(asked);
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  return {
    ms,
    cpuMs: (user + system) / 1_000,
    bytes,
    rows: first?.sessions.length ?? 0,
    missing: first?.servers?.missing.length ?? 0,
  };
}

function openGateway({ over, hosts, remembers, window }: AskOrder): SessionSource {
  const transport = transports[over];
  const key = readSigningKey(place?.signingKey ?? '');
  if (transport === undefined || place === null || key === null) throw new Error('not open yet');
  const [records, clones] = [createHostRecords(), createCloneWatch()];
  const limits = {
    ...defaultLimits,
    // On a busy machine no host that is well may be named.
    deadlineMs: 5_000,
    ...(window === null
      ? { maxHosts: hosts.length, maxBytes: Number.POSITIVE_INFINITY }
      : { maxHosts: window }),
  };
  const fanOut = createFanOut({
    gateway: place.name,
    transport,
    sign: async (message) => signRequest(Buffer.from(message), key),
    known: remembers ? createKnownAnswers() : { get: () => undefined, set: () => {} },
    records,
    clones,
    limits,
  });
  return createFleetSessions({
    servers: () => hosts,
    ask: shareFanOut(fanOut),
    records,
    clones,
    deadlineMs: limits.deadlineMs,
    lostText: 'The gateway has lost its messaging server.',
  });
}

function counting(transport: GatewayTransport): GatewayTransport {
  return {
    ...transport,
    ask: async (...asked) => {
      const result = await transport.ask(...asked);
      if (result.kind === 'answer') for (const part of result.parts) bytes += part.length;
      return result;
    },
  };
}
