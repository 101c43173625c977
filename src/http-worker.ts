import { Socket } from 'node:net';
import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';
import type { AccountDirectory, TokenDirectory } from './accounts/account.ts';
import { createAccountDirectory } from './accounts/account-directory.ts';
import { createRoleFlags } from './accounts/role-store.ts';
import { tokensOf, withSystemAccounts } from './accounts/system-account-directory.ts';
import { createTokenDirectory } from './accounts/token-store.ts';
import type { Audit } from './audit/audit.ts';
import { claimOf } from './audit/claim.ts';
import { countRefusals } from './auth/count-refusals.ts';
import { createCredentialCache } from './auth/credential-cache.ts';
import { createLoginSessions } from './auth/login-sessions.ts';
import { createThrottle } from './auth/throttle.ts';
import { createVerificationQueue, systemLimits } from './auth/verification-queue.ts';
import { connectMonitor, type MonitorClient } from './channel/client.ts';
import type { ping } from './channel/messages.ts';
import { createReplica } from './channel/replica.ts';
import { become } from './channel/run-as.ts';
import type { HandedFleet, HandedPlace, Start, State } from './channel/start.ts';
import { channelFd } from './channel/worker-process.ts';
import { createReadiness, type Readiness } from './http/health.ts';
import { listen } from './http/listeners.ts';
import { createUntrustedProxyWarning } from './http/untrusted-proxy.ts';
import { createLog } from './lib/log.ts';
import { setV8Flags } from './lib/v8-flags.ts';
import { createCounters } from './metrics/counters.ts';
import { createSystemUsers } from './os/users/system-users.ts';
import type { Fleet } from './sessions/fleet.ts';
import { printable } from './terminal/printable.ts';
import type { KeyPair, KeyPairSource } from './tls/key-pair.ts';
import { functions } from './uapi/functions.ts';
import { buildApp } from './worker/app.ts';
import type { PreparedFleet } from './worker/fleet.ts';

/*
 * The worker's process: it listens, parses and authenticates, and sees sessions only through the
 * monitor. All of its code and files are read while it may still do so; then it gives up its
 * rights, and only then does it accept on the sockets that it was handed.
 */

const stopTimeoutMs = 10_000;
const channel = new Socket({ fd: channelFd, readable: true, writable: true });
const counters = createCounters(functions);
const onValue = (value: unknown) => {
  if (isPing(value)) client.emit({ event: 'alive' });
  else void begin(value as Start);
};
const systemUsers = createSystemUsers();
const replica = createReplica<State>(systemUsers);
const onSnapshot = counters.addSnapshot;
const client = connectMonitor(channel, { onValue, onSnapshot, replica });
/** The monitor keeps the log, where this one cannot change what is written. */
const audit: Audit = {
  record: (event) => {
    const claim = claimOf(event);
    if (claim !== null) client.emit({ event: 'audit', claim });
  },
};

channel.once('close', () => {
  process.stderr.write('uapid: the monitor is gone, so the worker ends\n');
  process.exit(1);
});

function isPing(value: unknown): value is typeof ping {
  return typeof value === 'object' && value !== null && 'ping' in value;
}

async function begin(start: Start): Promise<void> {
  try {
    setV8Flags();
    const logger = createLog(start.logLevel);
    const readiness = createReadiness(client.sessions);
    let keyPair: KeyPairSource | null = null;
    const certificate = () => keyPair?.current().cert ?? null;
    replica.take(start.state, 0);
    const accounts = openAccounts(start);
    const fleet = start.fleet && (await loadFleet(start.fleet, accounts.directory, logger));
    const app = await createApp(start, accounts, readiness, logger, fleet);
    const metrics =
      start.metrics &&
      (await prepareMetrics(start.metrics, start, readiness, logger, {
        certificate,
        fleet: fleet?.gateway?.fleet,
      }));
    if (start.runAs !== null) become(start.runAs);
    process.title = 'uapid: http';
    keyPair = replicateKeyPair(start, client);
    const listeners = await listen(app, start.listen, keyPair);
    await metrics?.open(keyPair);
    await fleet?.open();
    closeWithGrace({ delay: stopTimeoutMs, logger }, async ({ err }) => {
      if (err) logger.fatal({ err }, 'the worker ends after an error that nothing caught');
      app.endStreams();
      await Promise.all([listeners.close(), metrics?.close(), fleet?.close()]);
      await app.close();
    });
    client.emit({ event: 'listening' });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    client.emit({ event: 'failed', message: printable(message).slice(0, 2000) });
    channel.end(() => process.exit(1));
  }
}

/** What serves them is read only where metrics are served; their library, ninety files, the counters read already. */
async function prepareMetrics(
  place: HandedPlace,
  { metricsTokenHash: tokenHash }: Start,
  readiness: Readiness,
  logger: Logger,
  more: { readonly certificate: () => string | null; readonly fleet: Fleet | undefined },
) {
  const { createMetrics } = await import('./metrics/metrics.ts');
  const { createMetricsServer } = await import('./metrics/server.ts');
  const { sessions, processStats } = client;
  const metrics = createMetrics({ sessions, processStats, counters, ...more });
  return createMetricsServer(place, { metrics, readiness, logger, tokenHash });
}

/** The library for its messages, sixty files, is read only where there is a fleet. */
async function loadFleet(
  handed: HandedFleet,
  accounts: AccountDirectory,
  logger: Logger,
): Promise<PreparedFleet> {
  const { prepareFleet } = await import('./worker/fleet.ts');
  const { sessions, ender: sessionEnder, history, signAsk } = client;
  const hosts = () => replica.current().hosts?.hosts ?? [];
  return prepareFleet(handed, {
    sessions,
    sessionEnder,
    systemUsers,
    accounts,
    audit,
    history,
    hosts,
    signAsk,
    functions,
    onAsked: counters.fleetAsks.add,
    logger,
  });
}

interface Accounts {
  readonly directory: AccountDirectory;
  readonly tokens: TokenDirectory;
}

function openAccounts({ accountsFrom }: Start): Accounts {
  const file = createAccountDirectory(() => replica.current().accounts);
  const tokens = createTokenDirectory(() => replica.current().tokens);
  return {
    directory: withSystemAccounts(file, {
      accountsFrom,
      systemAccounts: () => replica.current().systemAccounts,
      verify: client.checkPassword,
    }),
    tokens: tokensOf(tokens, file, accountsFrom),
  };
}

function createApp(
  start: Start,
  { directory, tokens }: Accounts,
  readiness: Readiness,
  logger: Logger,
  fleet: PreparedFleet | null,
) {
  const { accountsFrom } = start;
  const verifications = createVerificationQueue(accountsFrom === 'file' ? undefined : systemLimits);
  const counted = { throttle: createThrottle(), verifications, audit };
  return buildApp({
    ...countRefusals(counted, counters.refusals),
    sessions: client.sessions,
    sessionEnder: client.ender,
    systemUsers,
    history: client.history,
    state: client.state,
    accounts: directory,
    tokens,
    roles: createRoleFlags(() => replica.current().roles),
    logins: createLoginSessions(start.loginLimits, undefined, {
      kept: start.logins,
      ...client.logins,
    }),
    proxies: createUntrustedProxyWarning(logger),
    credentialCache: createCredentialCache(),
    trustedProxies: start.trustedProxies,
    corsOrigins: start.corsOrigins,
    frameAncestors: start.frameAncestors,
    containerAccounts: new Set(start.containerAccounts),
    calls: counters.calls,
    readiness,
    logger,
    fleetDoor: fleet?.door ?? null,
    ...fleet?.gateway,
  });
}

/**
 * A connection that begins asks for a renewed pair, which the next one gets. Each asks by itself, since
 * the question costs far less than the handshake that it comes with.
 */
function replicateKeyPair(
  { keyPair: first }: Start,
  { keyPair: since }: MonitorClient,
): KeyPairSource | null {
  if (first === null) return null;
  let latest = first;
  async function renew(): Promise<void> {
    const update = await since(latest.version);
    if ('value' in update) latest = update;
  }
  return {
    current: () => {
      // Fails only with the channel, and then this process ends.
      renew().catch(() => {});
      return latest.value as KeyPair;
    },
  };
}
