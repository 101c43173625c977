import closeWithGrace, { type Signals } from 'close-with-grace';
import type { Logger } from 'pino';
import { type AccountStore, openAccountStore } from '../accounts/account-store.ts';
import { loginLimits } from '../accounts/kept-login.ts';
import { openKeptLogins } from '../accounts/kept-logins.ts';
import { generatePassword } from '../accounts/password.ts';
import { openRoleStore } from '../accounts/role-store.ts';
import { withSystemAccounts } from '../accounts/system-account-directory.ts';
import { openTokenStore, type TokenStore } from '../accounts/token-store.ts';
import { createAudit } from '../audit/audit.ts';
import { createClaimLog } from '../audit/claim-log.ts';
import { openAuditLog } from '../audit/open-audit-log.ts';
import { resolveRunAs } from '../channel/run-as.ts';
import type { Start } from '../channel/start.ts';
import { supervise } from '../channel/supervisor.ts';
import { socketFd } from '../channel/worker-process.ts';
import type { Config, MetricsPlace } from '../config/config.ts';
import { isHttps } from '../config/listen-address.ts';
import { openControl } from '../control/open-control.ts';
import { proftpd } from '../daemons/proftpd/description.ts';
import { pureFtpd } from '../daemons/pure-ftpd/description.ts';
import { createLog } from '../lib/log.ts';
import { ownCommand } from '../lib/own-command.ts';
import { RefusedError } from '../lib/refused-error.ts';
import { setV8Flags } from '../lib/v8-flags.ts';
import { createVersionedValue } from '../lib/versioned-value.ts';
import { openMetricsToken } from '../metrics/token-file.ts';
import { readProcessStats } from '../os/process-stats.ts';
import { createServiceManager } from '../os/service-manager.ts';
import { createSystemUsers } from '../os/users/system-users.ts';
import { openScanner } from '../scanner/open-scanner.ts';
import { openHistory } from '../session-log/open-history.ts';
import { openSessionLog } from '../session-log/open-session-log.ts';
import { countEndings, createEndingCounts } from '../sessions/count-endings.ts';
import { isSelfSigned, type KeyPairSource } from '../tls/key-pair.ts';
import { openConfiguredKeyPair } from '../tls/state-files.ts';
import { type HeldSocket, type HeldSockets, holdSockets } from './held-sockets.ts';
import { createReload } from './reload.ts';
import { printBanner } from './start-up-banner.ts';
import { openSystemPasswords } from './system-passwords.ts';

const stopTimeoutMs = 15_000;

/**
 * Starts what a running server consists of and resolves when it listens: this process, which keeps
 * the rights it was started with, holds the listening sockets and never accepts on one; the scanner,
 * which scans the host with the same rights; and the worker, which has none and serves on those
 * sockets. Rejects with a message for the administrator when it cannot start. Logs go to standard error,
 * words for people to standard output. `readConfig` reads the configuration anew: on SIGHUP, except on a
 * terminal, whose end that is.
 */
export async function serve(config: Config, readConfig: () => Config): Promise<void> {
  setV8Flags();
  const logger = createLog(config.logLevel);
  // Before anything else, so that no port is free for longer than it takes to start this process.
  const held = await holdSockets(config, {
    environment: process.env,
    binderEnvironment: environmentOfOthers(),
  });
  const onProblem = (message: string) => logger.error(message);
  const accounts = openAccountStore(config.stateDir, { onProblem });
  const tokens = openTokenStore(config.stateDir, { onProblem });
  const roles = openRoleStore(config.stateDir, { onProblem });
  const systemPasswords = await openSystemPasswords(config, accounts, {
    onProblem,
    onWarning: (message) => logger.warn(message),
  });
  const keyPair = openKeyPair(config, logger);
  const logins = await openKeptLogins(config.stateDir, {
    onProblem: (message) => logger.warn(message),
  });
  // A single host reads nothing of a fleet.
  const fleet =
    config.fleet &&
    (await import('./open-fleet.ts')).openFleet(config.fleet, config.stateDir, onProblem, {
      accounts: withSystemAccounts(accounts, {
        accountsFrom: config.accountsFrom,
        systemAccounts: systemPasswords.accounts,
        verify: async () => false,
      }),
      roles,
      audit: createAudit((line) => writeAudit(line)),
    });
  const hosts = fleet?.hosts ?? null;
  const runAs = resolveRunAs(config.runAs);
  const systemUsers = createSystemUsers();
  const environment = environmentOfOthers();
  const sessionLog = openSessionLog({
    log: config.sessionLog,
    directories: config.daemons[pureFtpd.name]?.['scoreboardDir'] ?? [],
    scoreboards: config.daemons[proftpd.name]?.['proftpdScoreboard'] ?? [],
    procRoot: config.procRoot,
    transferLogs: {
      [pureFtpd.name]: config.daemons[pureFtpd.name]?.['pureFtpdTransferLog'] ?? [],
    },
    environment,
    logger,
  });
  const { onLooked } = sessionLog;
  const scanner = openScanner({ settings: config, environment, systemUsers, logger, onLooked });
  const { sessions, snapshots } = scanner;
  const history = openHistory({ path: config.sessionLog?.path ?? null, environment, logger });
  const endings = createEndingCounts();
  const ender = countEndings(sessionLog.watch(scanner.ender), endings);
  const services = {
    logins,
    snapshots,
    ender,
    history,
    processStats: async () => ({
      monitor: readProcessStats(),
      scanner: await scanner.processStats(),
      endings,
    }),
    state: createVersionedValue(() => ({
      accounts: accounts.file(),
      roles: roles.file(),
      tokens: tokens.file(),
      systemAccounts: systemPasswords.accounts(),
      ...(hosts === null ? {} : { hosts: hosts() }),
    })),
    checkPassword: systemPasswords.check,
    signAsk: fleet?.signAsk,
    keyPair: createVersionedValue(() => (keyPair === null ? null : { ...keyPair.current() })),
  };
  const appendAudit = openAuditLog(config.auditLog, (error) =>
    logger.error({ err: error }, `the audit log ${config.auditLog} cannot be written`),
  );
  const writeAudit = (line: string) => {
    appendAudit(line);
    sessionLog.onAudit(line);
  };
  const claims = createClaimLog({ write: writeAudit });
  const prepared = prepareMetrics(config.metrics, held, logger);
  const { listen, metrics, sockets } = handOver(held.listen, prepared.socket);
  const control = { snapshots, ender, accounts, systemUsers, writeAudit, logger };
  const closeControl = await openControl(config, control);
  // Beside the worker's start.
  scanner.start();
  const inForce = createReload({
    first: config,
    read: readConfig,
    replaceWorker: async () => {
      logger.level = inForce.current().logLevel;
      await supervised.replace();
    },
    logger,
  });
  const supervised = await supervise({
    services,
    start: (): Start => ({
      accountsFrom: config.accountsFrom,
      containerAccounts: [...new Set(config.containers.map(({ account }) => account))],
      runAs,
      logLevel: inForce.current().logLevel,
      trustedProxies: inForce.current().trustedProxies,
      corsOrigins: inForce.current().corsOrigins,
      frameAncestors: inForce.current().frameAncestors,
      listen,
      metrics,
      metricsTokenHash: prepared.tokenHash,
      state: services.state.since(0),
      keyPair: keyPair === null ? null : services.keyPair.since(0),
      logins: logins.list(),
      loginLimits,
      fleet: fleet?.handed ?? null,
    }),
    runAs,
    environment: environmentOfOthers(),
    sockets,
    logger,
    claims,
  }).catch((error) => {
    closeControl();
    scanner.stop();
    history.stop();
    systemPasswords.stop();
    void sessionLog.stop();
    throw error;
  });
  const manager = createServiceManager({ environment: process.env, onProblem });
  if (!process.stdout.isTTY) process.on('SIGHUP', () => void inForce.reload());
  stopOnSignal(logger, async () => {
    closeControl();
    await Promise.all([manager.stopping(), supervised.stop()]);
    await logins.close();
    claims.close();
    scanner.stop();
    history.stop();
    systemPasswords.stop();
    await sessionLog.stop();
  });
  // Not before it listens: a start that fails would take the only showing of the password with it.
  const isOwn = config.accountsFrom !== 'system';
  const hasDoor = listen.length > 0;
  const firstPassword = isOwn && hasDoor ? await createFirstAccount(accounts, tokens) : null;
  const hasSelfSignedCert = keyPair !== null && isSelfSigned(keyPair.current());
  const facts = {
    urls: listen.map(({ url }) => url),
    metricsUrl: metrics?.url ?? null,
    metricsProblem: prepared.problem,
    metricsToken: config.metrics?.token?.path ?? null,
    hasSelfSignedCert,
    firstPassword,
    accountCommand: ownCommand('account add admin --role admin', {
      argv: process.argv,
      path: process.env['PATH'] ?? '',
      cwd: process.cwd(),
    }),
  };
  const { containers } = config;
  const own = isOwn ? accounts : { ...accounts, isEmpty: () => false, list: () => [] };
  await printBanner({ ...facts, accounts: own, containers, sessions }, logger);
  const where = hasDoor ? `Listens on ${facts.urls.join(', ')}` : 'Answers its fleet';
  await manager.ready(where, supervised.isAnswering);
}

interface PreparedMetrics {
  readonly socket: HeldSocket | null;
  readonly tokenHash: string | null;
  /** Why none are served though nobody forbade it. */
  readonly problem: string | null;
}

/** Where nobody asked for metrics, what they lack keeps the server from nothing else. */
function prepareMetrics(
  place: MetricsPlace | null,
  { metrics: socket, metricsProblem }: HeldSockets,
  logger: Logger,
): PreparedMetrics {
  const without = (problem: string) => {
    logger.warn({ problem }, 'no metrics are served');
    return { socket: null, tokenHash: null, problem };
  };
  if (metricsProblem !== null) return without(metricsProblem);
  if (place?.token == null) return { socket, tokenHash: null, problem: null };
  try {
    return { socket, tokenHash: openMetricsToken(place.token), problem: null };
  } catch (error) {
    if (place.isRequired) throw error;
    // Else whatever connects there would wait for ever.
    socket?.release();
    return without((error as Error).message);
  }
}

/** The sockets that each worker gets, and where it finds them. */
function handOver(listen: readonly HeldSocket[], metrics: HeldSocket | null) {
  const held = metrics === null ? listen : [...listen, metrics];
  const places = held.map(({ address }, index) => ({ ...address, fd: socketFd(index) }));
  return {
    sockets: held.map(({ handle }) => handle),
    listen: places.slice(0, listen.length),
    metrics: places[listen.length] ?? null,
  };
}

/** Where programs are, and which time it is here. */
function environmentOfOthers(): NodeJS.ProcessEnv {
  const { PATH, TZ } = process.env;
  return { ...(PATH === undefined ? {} : { PATH }), ...(TZ === undefined ? {} : { TZ }) };
}

/** Null when no address needs one. */
function openKeyPair(config: Config, logger: Logger): KeyPairSource | null {
  const { listen, metrics } = config;
  if (![...listen, ...(metrics === null ? [] : [metrics.address])].some(isHttps)) return null;
  return openConfiguredKeyPair(config, {
    onProblem: (message) => logger.error(message),
    onWarning: (message) => logger.warn(message),
  });
}

function stopOnSignal(logger: Logger, stop: () => Promise<unknown>): void {
  const skip: Signals[] = process.stdout.isTTY ? [] : ['SIGHUP'];
  closeWithGrace({ delay: stopTimeoutMs, logger, skip }, async ({ err, signal }) => {
    if (err) logger.fatal({ err }, 'ending after an error that nothing caught');
    else logger.info({ signal }, 'stopping');
    await stop();
  });
}

/**
 * Without any account nobody could ask anything, so the first start makes one and returns its
 * password. Only where standard output is a terminal: what a log, a file or a pipe gets stays readable.
 */
async function createFirstAccount(
  accounts: AccountStore,
  tokens: TokenStore,
): Promise<string | null> {
  if (!accounts.isEmpty() || !process.stdout.isTTY) return null;
  const password = generatePassword();
  try {
    // There may have been another admin, whose accounts file is gone.
    await tokens.removeAccount('admin');
    await accounts.add({ name: 'admin', role: 'admin', password });
    return password;
  } catch (error) {
    // Another start at the same time has made it.
    if (error instanceof RefusedError && error.reason === 'exists') return null;
    throw error;
  }
}
