import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCollector } from '../../../../src/collector/collector.ts';
import { resolveScope } from '../../../../src/collector/resolve-scope.ts';
import { createAnswerer } from '../../../../src/fleet/agent/answer-ask.ts';
import { maxPartBytes } from '../../../../src/fleet/messages/answer.ts';
import {
  createSigningKey,
  publicHalf,
  readPublicHalf,
  readSigningKey,
} from '../../../../src/fleet/signature/keys.ts';
import { signRequest } from '../../../../src/fleet/signature/signed-frame.ts';
import { createMemoryNetwork, type MemoryNetwork } from '../../../../src/fleet/transport/memory.ts';
import { readAnswer } from '../../../../src/session-log/history-answer.ts';
import type { SessionLine } from '../../../../src/session-log/log-line.ts';
import type { FtpAccount } from '../../../../src/sessions/ftp-account.ts';
import { sessionFilter } from '../../../../src/sessions/scope.ts';
import type { FtpSession } from '../../../../src/sessions/session.ts';
import type { SessionEnder } from '../../../../src/sessions/session-ender.ts';
import { functions } from '../../../../src/uapi/functions.ts';
import { createGateway, type GatewayParts } from '../../../../src/worker/fleet.ts';
import { ftpSession } from '../../../support/app.ts';
import { logText, pastSession } from '../../../support/history-lines.ts';

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
  readonly services: GatewayParts;
  /** The markers of what hosts have ended since it was called last. */
  takeEnded(): string[];
  /** Removes the session logs. */
  remove(): void;
}

/** A gateway and real agents over a network in this process; only what is on the hosts is made up. */
export function createFleetWorld(): FleetWorld {
  const network = createMemoryNetwork();
  const signing = readSigningKey(createSigningKey());
  if (signing === null) throw new Error('a key that was just made cannot be used');
  const sign = async (message: string) => signRequest(Buffer.from(message), signing);
  const ended: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'uapid-tenancy-'));
  for (const host of Object.keys(hosts)) {
    openHost({
      network,
      host,
      gatewayKey: publicHalf(signing),
      folder,
      onEnded: (marker) => ended.push(marker),
    });
  }
  const services = createGateway(
    'gw1',
    network.gateway(),
    { lost: 'network' },
    {
      hosts: () => Object.keys(hosts).map((name) => ({ name, key: '' })),
      signAsk: sign,
      functions,
    },
  );
  return {
    services,
    takeEnded: () => ended.splice(0),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

interface HostPlace {
  readonly network: MemoryNetwork;
  readonly host: string;
  readonly gatewayKey: string;
  readonly folder: string;
  readonly onEnded: (marker: string) => void;
}

function openHost({ network, host, gatewayKey, folder, onEnded }: HostPlace): void {
  const key = readPublicHalf(gatewayKey);
  if (key === null) throw new Error('the public half of a key cannot be used');
  const users = new Map(Object.entries(hosts[host] ?? {}));
  const own = sessions.filter((each) => each.host === host);
  const markers = new Map(own.map(({ pid, marker }) => [pid, marker]));
  const found = own.map((each) => sessionOf(each, users.get(each.systemUser) ?? 0));
  const systemUsers = { refresh: () => {}, uidsOf: async () => users };
  const names = new Map(Array.from(users, ([name, uid]) => [uid, name]));
  const log = join(folder, `${host}.log`);
  writeFileSync(log, logText(...own.map((each) => pastOf(each, users.get(each.systemUser) ?? 0))));
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
      accountsIn: (scope) => ({
        faults: [],
        accounts: own
          .map((each) => accountOf(each, users.get(each.systemUser) ?? 0))
          .filter(({ ownerUid }) => scope.kind === 'everybody' || scope.uids.includes(ownerUid)),
      }),
    }),
    past: { read: (query) => readAnswer(log, query) },
    enderFor: () => ender,
    systemUsers: { ...systemUsers, namesOf: async () => names },
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

function accountOf({ login, marker }: MarkedSession, ownerUid: number): FtpAccount {
  const home = `/home/${marker}`;
  return {
    daemon: 'pure-ftpd',
    user: login,
    type: 'sub',
    ownerUid,
    home,
    ownerHome: home,
    quotaBytes: null,
  };
}

/** Its name is that of a session of each other host. */
function pastOf({ pid, login, systemUser, marker }: MarkedSession, owner: number): SessionLine {
  const session = { user: login, owner, owner_name: systemUser };
  const at = '2026-11-28T10:00:30.000Z';
  const file = {
    at,
    direction: 'download',
    bytes: 1,
    seconds: 1,
    whole: true,
    file: marker,
  } as const;
  return pastSession(pid, pastAt, { ...session, files: [file] });
}

const pastAt = '10:00:00';

/** The name of a session in the log of its host. */
export const pastNameOf = ({ pid }: MarkedSession): string => pastSession(pid, pastAt).id;
