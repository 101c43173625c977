import { randomBytes } from 'node:crypto';
import { createCollector } from '../../../../src/collector/collector.ts';
import { resolveScope } from '../../../../src/collector/resolve-scope.ts';
import { createAnswerer } from '../../../../src/fleet/agent/answer-ask.ts';
import { createCloneWatch } from '../../../../src/fleet/gateway/clones.ts';
import { createFanOut, defaultLimits } from '../../../../src/fleet/gateway/fan-out.ts';
import { createFleetEnder } from '../../../../src/fleet/gateway/fleet-ender.ts';
import { createFleetSessions } from '../../../../src/fleet/gateway/fleet-sessions.ts';
import { createHostRecords } from '../../../../src/fleet/gateway/host-records.ts';
import { createKnownAnswers } from '../../../../src/fleet/gateway/known-answers.ts';
import { shareFanOut } from '../../../../src/fleet/gateway/share-fan-out.ts';
import { maxPartBytes } from '../../../../src/fleet/messages/answer.ts';
import {
  createSigningKey,
  publicHalf,
  readPublicHalf,
  readSigningKey,
} from '../../../../src/fleet/signature/keys.ts';
import { signRequest } from '../../../../src/fleet/signature/signed-frame.ts';
import { createMemoryNetwork, type MemoryNetwork } from '../../../../src/fleet/transport/memory.ts';
import { sessionFilter } from '../../../../src/sessions/scope.ts';
import type { FtpSession } from '../../../../src/sessions/session.ts';
import type { SessionEnder } from '../../../../src/sessions/session-ender.ts';
import { fleetFunctions } from '../../../../src/uapi/fleet-functions.ts';
import { functions } from '../../../../src/uapi/functions.ts';
import type { Services } from '../../../../src/worker/app.ts';
import { ftpSession } from '../../../support/app.ts';

/** The system users of each host, by uid: a name is another person elsewhere, and so is a uid. */
export const hosts: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  web1: { alice: 1001, bob: 1002, carol: 1003 },
  web2: { bob: 1001, alice: 1002 },
  web3: { carol: 1001, shared: 1002, bob: 1003, alice: 1004 },
};

/** A session with what nobody else’s has: it shows in whatever answer it gets into. */
export interface MarkedSession {
  readonly host: string;
  readonly systemUser: string;
  readonly marker: string;
  readonly login: string;
  readonly pid: number;
  readonly startTime: string;
}

/** Two of each system user; pids and starts are the same on each host. */
export const sessions: readonly MarkedSession[] = Object.entries(hosts).flatMap(([host, users]) =>
  Object.keys(users).flatMap((systemUser, index) =>
    [0, 1].map((number) => ({
      host,
      systemUser,
      marker: `marker-${host}-${systemUser}-${number}`,
      login: `login-${host}-${systemUser}`,
      pid: 100 + 2 * index + number,
      startTime: String(7_000 + 2 * index + number),
    })),
  ),
);

export interface FleetWorld {
  readonly services: Pick<Services, 'sessions' | 'sessionEnder' | 'fleet' | 'functions'>;
  /** The markers of what hosts have ended since it was called last. */
  takeEnded(): string[];
}

/** A gateway and real agents over a network in this process; only what is on the hosts is made up. */
export function createFleetWorld(): FleetWorld {
  const network = createMemoryNetwork();
  const signing = readSigningKey(createSigningKey());
  if (signing === null) throw new Error('a key that was just made cannot be used');
  const sign = async (message: string) => signRequest(Buffer.from(message), signing);
  const ended: string[] = [];
  for (const host of Object.keys(hosts)) {
    openHost(network, host, publicHalf(signing), (marker) => ended.push(marker));
  }
  const [records, clones, transport] = [createHostRecords(), createCloneWatch(), network.gateway()];
  const servers = () => Object.keys(hosts);
  const known = createKnownAnswers();
  const fanOut = createFanOut({ gateway: 'gw1', transport, sign, known, records, clones });
  const fleet = createFleetSessions({
    servers,
    ask: shareFanOut(fanOut),
    records,
    clones,
    deadlineMs: defaultLimits.deadlineMs,
    lostText: 'The network is lost.',
  });
  const sessionEnder = createFleetEnder({ gateway: 'gw1', transport, sign, servers, clones });
  return {
    services: { sessions: fleet, fleet, sessionEnder, functions: fleetFunctions(functions) },
    takeEnded: () => ended.splice(0),
  };
}

function openHost(
  network: MemoryNetwork,
  host: string,
  gatewayKey: string,
  onEnded: (marker: string) => void,
): void {
  const key = readPublicHalf(gatewayKey);
  if (key === null) throw new Error('the public half of a key cannot be used');
  const users = new Map(Object.entries(hosts[host] ?? {}));
  const own = sessions.filter((each) => each.host === host);
  const markers = new Map(own.map(({ pid, marker }) => [pid, marker]));
  const found = own.map((each) => sessionOf(each, users.get(each.systemUser) ?? 0));
  const systemUsers = { refresh: () => {}, uidsOf: async () => users };
  const names = new Map(Array.from(users, ([name, uid]) => [uid, name]));
  const daemons = [{ name: 'pure-ftpd', pid: 9, ports: [21] }];
  const ender: SessionEnder = {
    end: async (identities, scope) => {
      const isIn = sessionFilter((await resolveScope(scope, systemUsers)).scope);
      return identities.map((identity) => {
        const session = found.find(({ pid }) => pid === identity.pid);
        if (session === undefined || !isIn(session)) {
          return { identity, session: null, outcome: 'gone' };
        }
        onEnded(markers.get(session.pid) ?? '');
        return { identity, session, outcome: 'ended' };
      });
    },
  };
  let isOld = false;
  const fail = (problem: unknown) => {
    throw new Error(`${host} refuses: ${problem}`);
  };
  const answer = createAnswerer({
    host,
    gateways: new Map([['gw1', key]]),
    allow: ['list', 'end'],
    sessions: createCollector(async () => ({ sessions: found, gaps: [], daemons }), {
      systemUsers,
    }),
    enderFor: () => ender,
    systemUsers: { namesOf: async () => names },
    instance: randomBytes(16).toString('base64url'),
    version: '1.0.0',
    maxPartBytes: () => maxPartBytes,
    onRefusal: fail,
    onInternalError: fail,
    // In its first seconds a host ends nothing.
    now: () => (isOld ? Date.now() : Date.now() - 60_000),
  });
  isOld = true;
  network.agent(host, answer);
}

function sessionOf({ pid, startTime, marker, login }: MarkedSession, ownerUid: number): FtpSession {
  const file = { state: 'download', file: marker, path: `/home/${marker}` } as const;
  return ftpSession({ pid, startTime, ownerUid, user: login, ...file });
}
