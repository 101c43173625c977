import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import type { Account } from '../../src/accounts/account.ts';
import { loginLimits } from '../../src/accounts/kept-login.ts';
import { createAudit } from '../../src/audit/audit.ts';
import { createCredentialCache } from '../../src/auth/credential-cache.ts';
import { createLoginSessions } from '../../src/auth/login-sessions.ts';
import { createThrottle } from '../../src/auth/throttle.ts';
import { defaultLimits } from '../../src/auth/throttle-limits.ts';
import { createVerificationQueue } from '../../src/auth/verification-queue.ts';
import { createUntrustedProxyWarning } from '../../src/http/untrusted-proxy.ts';
import { localHost } from '../../src/sessions/identity.ts';
import type { FtpSession, Snapshot } from '../../src/sessions/session.ts';
import type { Services } from '../../src/worker/app.ts';

/** A session as the collector gives it, for tests that need no daemon. */
export function ftpSession(facts: Partial<FtpSession> = {}): FtpSession {
  return {
    host: localHost,
    pid: 6735,
    startTime: '1',
    daemon: 'pure-ftpd',
    title: 'pure-ftpd (IDLE)',
    ownerUid: 1001,
    user: 'alice',
    isUserProven: true,
    remoteAddress: '192.0.2.7',
    remotePort: 40000,
    localPort: 21,
    state: 'idle',
    file: '',
    path: '',
    command: null,
    protocol: null,
    bytesMoved: null,
    bytesSkipped: null,
    bytesTotal: null,
    connectedAt: 1_587_651_803,
    transferStartedAt: null,
    lastTransferStartedAt: 1_587_651_803,
    idleSince: 1_587_651_803,
    ...facts,
  };
}

export function snapshot(facts: Partial<Snapshot> = {}): Snapshot {
  const daemons = [{ name: 'pure-ftpd', pid: 99, ports: [2121] }];
  return { begunAt: 0, durationMs: 1, scanNumber: 1, sessions: [], gaps: [], daemons, ...facts };
}

function account(name: string, facts: Partial<Account> = {}): [string, Account] {
  const features = ['ftpaccts'] as const;
  const none = { ftpLogins: [], owner: null };
  return [name, { name, role: 'user', systemUser: name, ...none, features, ...facts }];
}

const accounts = new Map<string, Account>([
  account('admin', { role: 'admin', systemUser: null }),
  account('alice', { owner: 'rita' }),
  account('bob'),
  account('ghost'),
  account('rita', { role: 'reseller' }),
  account('plain', { features: [] }),
]);

const uids = new Map([
  ['alice', 1001],
  ['bob', 1002],
  ['rita', 1003],
  ['plain', 1004],
]);

/** Every account's password in these tests. */
export const password = 'p:ä ss';

/** The API token of an account in these tests; a fake of the store, which knows one for each. */
export const tokenOf = (account: string) => `${account.toUpperCase()}T0KEN`;

/** Tests of other things may fail to log in as often as they like. */
const patient = {
  ...defaultLimits,
  account: { ...defaultLimits.account, free: 10_000 },
  address: { ...defaultLimits.address, failures: 10_000 },
};

/** The services of an application without a host behind it, and what it wrote to its log. */
export function testServices(
  facts: Partial<Services> = {},
): Services & { log: string[]; auditLines: string[] } {
  const log: string[] = [];
  const auditLines: string[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      log.push(chunk.toString());
      done();
    },
  });
  return {
    sessions: { snapshot: async () => snapshot() },
    sessionEnder: { end: () => assert.fail('no session is to be ended here') },
    systemUsers: {
      uidOf: async (name) => uids.get(name) ?? null,
      namesOf: async () => new Map([...uids].map(([name, uid]) => [uid, name])),
    },
    accounts: {
      find: (name) => accounts.get(name),
      list: () => [...accounts.values()],
      ownedBy: (reseller) => [...accounts.values()].filter(({ owner }) => owner === reseller),
      generation: (name) => (accounts.has(name) ? password : undefined),
      verify: async (name, given) => accounts.has(name) && given === password,
    },
    tokens: {
      verify: (name, given) => accounts.has(name) && given === tokenOf(name),
      isReadOnly: () => false,
    },
    logins: createLoginSessions(loginLimits),
    state: { now: () => ({ version: 0, asked: 0 }), revalidate: () => true },
    throttle: createThrottle(patient),
    verifications: createVerificationQueue(),
    proxies: createUntrustedProxyWarning(pino(sink)),
    credentialCache: createCredentialCache(),
    audit: createAudit((line) => auditLines.push(line)),
    roles: { isEnabled: () => true },
    logger: pino(sink),
    log,
    auditLines,
    ...facts,
  };
}

/** The header that shows an account's name and password. */
export function basic(name: string, given = password): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${name}:${given}`).toString('base64')}` };
}
