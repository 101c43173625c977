import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { administrator } from '../access/administrator.ts';
import { endAudited } from '../access/end-audited.ts';
import type { Host } from '../access/host.ts';
import type { HandedFleet } from '../channel/start.ts';
import { createAnswerer } from '../fleet/agent/answer-ask.ts';
import type { EnderFor } from '../fleet/agent/answer-end.ts';
import { createCloneWatch } from '../fleet/gateway/clones.ts';
import { type LostThing, lostTexts } from '../fleet/gateway/ending-text.ts';
import { createFanOut, defaultLimits } from '../fleet/gateway/fan-out.ts';
import { createFleetEnder } from '../fleet/gateway/fleet-ender.ts';
import { createFleetReader, type FleetReader } from '../fleet/gateway/fleet-reader.ts';
import { createFleetSessions } from '../fleet/gateway/fleet-sessions.ts';
import { createHostRecords } from '../fleet/gateway/host-records.ts';
import { createKnownAnswers } from '../fleet/gateway/known-answers.ts';
import { shareFanOut } from '../fleet/gateway/share-fan-out.ts';
import { type EnrolledHost, httpsAddressOf } from '../fleet/inventory/hosts-file.ts';
import { maxPartBytes } from '../fleet/messages/answer.ts';
import { connectionKey, readPublicHalf } from '../fleet/signature/keys.ts';
import { createHttpsDoor, type HttpsDoor } from '../fleet/transport/https-door.ts';
import { createHttpsGateway } from '../fleet/transport/https-gateway.ts';
import { createNatsAgent } from '../fleet/transport/nats-agent.ts';
import { createNatsGateway } from '../fleet/transport/nats-gateway.ts';
import { loadNats, type NatsPlace, type NatsReports } from '../fleet/transport/nats-link.ts';
import type { AgentTransport, Answerer, GatewayTransport } from '../fleet/transport/transport.ts';
import { createBounded } from '../lib/token-bucket.ts';
import { version } from '../lib/version.ts';
import type { RefreshedSystemUsers } from '../os/users/system-users.ts';
import type { HistorySource } from '../session-log/history-answer.ts';
import type { Fleet } from '../sessions/fleet.ts';
import type { SessionSource } from '../sessions/session.ts';
import type { SessionEnder } from '../sessions/session-ender.ts';
import type { UapiFunction } from '../uapi/call/define-function.ts';
import { fleetFunctions } from '../uapi/fleet-functions.ts';

export interface FleetWorld {
  /** Of this host. */
  readonly sessions: SessionSource;
  readonly sessionEnder: SessionEnder;
  readonly systemUsers: RefreshedSystemUsers;
  readonly accounts: Host['accounts'];
  /** Of this host. */
  readonly history: HistorySource;
  readonly audit: Host['audit'];
  /** The hosts that are let in, at this moment. */
  readonly hosts: () => readonly EnrolledHost[];
  readonly signAsk: (message: string) => Promise<string>;
  /** Those of one host. */
  readonly functions: readonly UapiFunction[];
  /** Told each round of questions: how long it took, in ms, and what became of each. */
  readonly onAsked?: (durationMs: number, outcomes: readonly string[]) => void;
  readonly logger: Logger;
}

/** What a gateway has in place of what one host has. */
export interface GatewayParts {
  readonly sessions: SessionSource;
  readonly sessionEnder: SessionEnder;
  readonly fleet: Fleet;
  readonly fleetReader: FleetReader;
  readonly functions: readonly UapiFunction[];
  /** That log is one host's. */
  readonly history: undefined;
}

/** This worker's part in a fleet, before it has connected to anything. */
export interface PreparedFleet {
  /** Begins to connect, which goes on for as long as this process lives. */
  open(): Promise<void>;
  /** Null on a machine that is no gateway. */
  readonly gateway: GatewayParts | null;
  /** Where gateways ask this host over https; null where they do not. */
  readonly door: HttpsDoor | null;
  close(): Promise<void>;
}

/** Reads all code that it takes. Throws for keys that cannot be used. */
export async function prepareFleet(handed: HandedFleet, world: FleetWorld): Promise<PreparedFleet> {
  const { logger } = world;
  const { host, gateway } = handed;
  const reports = {
    onProblem: (problem: string) =>
      logger.warn({ problem }, 'the fleet cannot be reached as it should'),
    onUp: (server: string) => logger.info({ server }, 'connected to the fleet'),
  };
  const ends = await prepareEnds(handed, world, reports);
  const opened: (AgentTransport | GatewayTransport)[] = [];
  let agent: AgentTransport | null = null;
  let transport: GatewayTransport | null = null;

  const answer =
    host &&
    openAnswerer(
      host,
      world,
      () => agent?.maxPartBytes() ?? maxPartBytes,
      handed.servers.length === 0,
    );

  async function openAgent(): Promise<void> {
    if (host === null || answer === null || ends.agent === null) return;
    agent = await ends.agent(host.name, answer);
    opened.push(agent);
  }

  async function openGateway(): Promise<void> {
    if (gateway === null) return;
    transport = await ends.gateway(gateway);
    opened.push(transport);
  }

  /** Until it is open it is not connected either. */
  const late: GatewayTransport = {
    ask: (...asked) =>
      transport?.ask(...asked) ?? Promise.resolve({ kind: 'lost', isUnsent: true }),
    problem: () => (transport === null ? 'not connected yet' : transport.problem()),
    close: async () => {},
  };

  return {
    open: async () => {
      await Promise.all([openAgent(), openGateway()]);
    },
    gateway: gateway === null ? null : createGateway(gateway, late, ends, world),
    door:
      host === null || answer === null || ends.agent !== null
        ? null
        : createHttpsDoor(readGateways(host.gateways), answer),
    close: async () => {
      await Promise.all(opened.map((each) => each.close()));
    },
  };
}

/** Both ends of what carries the messages. */
interface Ends {
  /** Null over https, where the server's own addresses are the host's end. */
  readonly agent: ((host: string, answer: Answerer) => Promise<AgentTransport>) | null;
  readonly gateway: (gateway: string) => Promise<GatewayTransport>;
  /** What is lost when nobody can be asked. */
  readonly lost: LostThing;
  /** Over https nothing but the message itself says whom it is for. */
  readonly hostsPerMessage?: number;
}

async function prepareEnds(
  { servers, tls, ca, connectionSeed, host, gateway }: HandedFleet,
  { hosts }: FleetWorld,
  reports: NatsReports,
): Promise<Ends> {
  if (servers.length === 0) {
    const addressOf = (server: string) => {
      const found = hosts().find(({ name }) => name === server);
      return found && httpsAddressOf(found, ca);
    };
    return {
      agent: null,
      gateway: async () => createHttpsGateway({ addressOf }, reports),
      lost: 'network',
      hostsPerMessage: 1,
    };
  }
  const key = connectionKey(connectionSeed ?? '');
  if (key === null) throw new Error('the key for the messaging server cannot be used');
  await loadNats();
  const place: NatsPlace = { servers, tls, key, name: `uapid ${gateway ?? host?.name}` };
  return {
    agent: (name, answer) => createNatsAgent(name, place, answer, reports),
    gateway: (name) => createNatsGateway(name, place, reports),
    lost: 'messaging server',
  };
}

function openAnswerer(
  host: NonNullable<HandedFleet['host']>,
  world: FleetWorld,
  maxBytes: () => number,
  isForOneHost: boolean,
): Answerer {
  const { sessions, systemUsers, logger } = world;
  const lines = createBounded({
    burst: 50,
    perSecond: 1,
    onDropped: (count) => logger.warn({ count }, 'more requests of the fleet were refused'),
  });
  return createAnswerer({
    host: host.name,
    gateways: readGateways(host.gateways),
    allow: host.allow,
    isForOneHost,
    sessions,
    enderFor: auditedEnders(world),
    past: world.history,
    systemUsers: {
      refresh: systemUsers.refresh,
      uidsOf: systemUsers.uidsOf,
      namesOf: (uids) => {
        systemUsers.refresh();
        return systemUsers.namesOf(uids);
      },
    },
    instance: randomBytes(16).toString('base64url'),
    version,
    maxPartBytes: maxBytes,
    onRefusal: (refusal, by) => {
      if (lines.admits(1))
        logger.warn({ refusal, gateway: by }, 'a request of the fleet is refused');
    },
    onInternalError: (err) => logger.error({ err }, 'the fleet’s request failed'),
  });
}

/** All that a gateway of that name answers from, over a transport. */
export function createGateway(
  gateway: string,
  transport: GatewayTransport,
  { lost, hostsPerMessage }: Pick<Ends, 'lost' | 'hostsPerMessage'>,
  {
    hosts,
    signAsk,
    functions,
    onAsked = () => {},
  }: Pick<FleetWorld, 'hosts' | 'signAsk' | 'functions' | 'onAsked'>,
): GatewayParts {
  const servers = () => hosts().map(({ name }) => name);
  const records = createHostRecords();
  const clones = createCloneWatch();
  const known = createKnownAnswers();
  const lostText = lostTexts[lost];
  const fanOut = createFanOut({
    gateway,
    transport,
    sign: signAsk,
    known,
    records,
    clones,
    hostsPerMessage,
  });
  const ask = shareFanOut(fanOut, onAsked);
  const sessions = createFleetSessions({
    servers,
    ask,
    records,
    clones,
    deadlineMs: defaultLimits.deadlineMs,
    lostText,
  });
  return {
    sessions,
    fleet: sessions,
    fleetReader: createFleetReader({
      gateway,
      transport,
      sign: signAsk,
      servers,
      records,
      clones,
      lostText,
    }),
    sessionEnder: createFleetEnder({ gateway, transport, sign: signAsk, servers, clones, lost }),
    functions: fleetFunctions(functions),
    history: undefined,
  };
}

/** This host writes down itself who ends its sessions, by which gateway. */
function auditedEnders({ sessionEnder, ...world }: FleetWorld): EnderFor {
  const { accounts, audit, systemUsers } = world;
  const host = { sessionEnder, accounts, audit, systemUsers };
  return (demand) => ({
    end: (identities, scope) => {
      systemUsers.refresh();
      return endAudited(identities, scope, { account: administrator, ...demand, host });
    },
  });
}

function readGateways(gateways: readonly { readonly name: string; readonly key: string }[]) {
  return new Map(
    gateways.map(({ name, key }) => {
      const publicKey = readPublicHalf(key);
      if (publicKey === null) throw new Error(`the key of the gateway ${name} cannot be used`);
      return [name, publicKey] as const;
    }),
  );
}
