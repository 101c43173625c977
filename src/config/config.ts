import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { AccountsFrom } from '../accounts/system-account-directory.ts';
import { type AllDaemonSettings, type DaemonSetting, switchedOn } from '../daemons/description.ts';
import { readDaemonSettings } from '../daemons/settings.ts';
import type { RefusedError } from '../lib/refused-error.ts';
import type { ContainerRule } from '../os/containers/rule.ts';
import type { SystemUserRule } from '../os/users/system-user-rule.ts';
import { type FleetPlace, fleetPlace } from './fleet-place.ts';
import {
  addressOrNone,
  type ListenAddress,
  listenAddresses,
  plainHttpFaults,
} from './listen-address.ts';
import {
  type Chosen,
  ConfigError,
  type ConfigSources,
  readSettings,
  type ValueOf,
} from './read-settings.ts';
import {
  allSettings,
  daemonSettings,
  type logLevels,
  type processSources,
  type Setting,
  settings,
} from './settings.ts';
import { socketPathFault } from './socket-path.ts';

export type LogLevel = (typeof logLevels)[number];
export type ProcessSourceName = (typeof processSources)[number];

/** Where the token is that the metrics ask for. */
export interface MetricsTokenPlace {
  readonly path: string;
  /** The system's group that may read it besides its owner; null for nobody. */
  readonly group: string | null;
  /** The mode of its directory if that is not there yet. */
  readonly directoryMode: number;
}

/** What a server is started with. No secret is ever part of it. */
export interface Config {
  readonly listen: readonly ListenAddress[];
  /** Where metrics are served; null for nowhere. */
  readonly metrics: MetricsPlace | null;
  readonly stateDir: string;
  readonly logLevel: LogLevel;
  readonly processSource: ProcessSourceName;
  readonly procRoot: string;
  /** What the daemons' drivers are told, by the daemon's name. */
  readonly daemons: AllDaemonSettings;
  /** Whose the daemons of which containers are; the first that matches counts. */
  readonly containers: readonly ContainerRule[];
  /** Where dockerd keeps what it knows of its containers. */
  readonly dockerDataRoot: string;
  readonly allowPlainHttp: boolean;
  /** Proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Origins whose pages may read answers. */
  readonly corsOrigins: readonly string[];
  /** Origins that may show the page in a frame. */
  readonly frameAncestors: readonly string[];
  /** Where passwords are checked. */
  readonly accountsFrom: AccountsFrom;
  /** Which system users are accounts without having been added; the first rule that matches counts. */
  readonly systemUsers: readonly SystemUserRule[];
  /** The program that checks their passwords. */
  readonly passwordHelper: string;
  /** Where logins, refusals and changes are written down. */
  readonly auditLog: string;
  /** Where sessions are written down; null for nowhere. */
  readonly sessionLog: SessionLogPlace | null;
  /** The system user that the worker becomes when root starts it; null for the usual one. */
  readonly runAs: string | null;
  /** The PEM files for the https addresses; null: those that the state directory may hold. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Where commands on this machine reach the server; null for nowhere. */
  readonly controlSocket: ControlSocketPlace | null;
  /** The system's group whose members may use that socket besides its owner; null for nobody. */
  readonly controlGroup: string | null;
  /** What of a fleet this machine is; null for nothing. */
  readonly fleet: FleetPlace | null;
}

export interface SessionLogPlace {
  readonly path: string;
  /** Whether there is a line soon after each login, too. */
  readonly begin: boolean;
  /** Files that were set aside are removed after so many days. */
  readonly days: number;
}

export interface ControlSocketPlace {
  readonly path: string;
  /** True when somebody asked for it: then the server does not start without. */
  readonly isRequired: boolean;
}

export interface MetricsPlace {
  readonly address: ListenAddress;
  /** Where the token is that they ask for; null when everybody may have them. */
  readonly token: MetricsTokenPlace | null;
  /** True when somebody asked for it: then the server does not start without. */
  readonly isRequired: boolean;
}

/** The keys of a file. */
const knownKeys = allSettings.map(({ key }) => key);

/** As a path: that there is to be none. */
const noSocket = 'none';

const defaults = {
  listen: ['http://127.0.0.1:2082'],
  // In the range that Prometheus keeps for exporters, 9100 to 9999.
  metrics: 'http://127.0.0.1:9284',
  logLevel: 'info',
  procRoot: '/proc',
  sessionLogDays: 14,
  dockerDataRoot: '/var/lib/docker',
  passwordHelper: '/usr/sbin/pwauth',
} as const;

/**
 * The configuration of a server: of each setting the flag, else the environment variable, else the
 * file's value, else the default. An empty environment variable counts as not set. Every value that
 * was given is checked, also one that another overrides. Throws ConfigError with all faults.
 */
export function loadConfig(sources: ConfigSources): Config {
  const { value, faults, file } = readSettings(sources);
  for (const key of Object.keys(file.values)) {
    if (knownKeys.includes(key)) continue;
    faults.push(`${file.path}: ${key}: unknown key; known are ${knownKeys.join(', ')}`);
  }
  const listen = value(settings.listen);
  const allowPlainHttp = value(settings.allowPlainHttp)?.value ?? false;
  if (!allowPlainHttp && listen) {
    faults.push(...plainHttpFaults(listen.value).map((fault) => `${listen.origin}: ${fault}`));
  }
  const scan = scanSettings(value, sources, faults);
  const { stateDir } = scan;
  const listensNowhere = listen?.value.length === 0;
  const before = faults.length;
  const fleet = fleetPlace(value, faults);
  // Nothing follows from a fleet that makes no sense.
  const isFleetKnown = faults.length === before;
  const config: Config = {
    ...scan,
    listen: listen?.value ?? listenAddresses.parse(defaults.listen),
    metrics: metricsPlace(value, { allowPlainHttp, stateDir, listensNowhere }, sources, faults),
    logLevel: value(settings.logLevel)?.value ?? defaults.logLevel,
    allowPlainHttp,
    trustedProxies: value(settings.trustProxy)?.value ?? [],
    corsOrigins: value(settings.corsOrigins)?.value ?? [],
    frameAncestors: value(settings.frameAncestors)?.value ?? [],
    passwordHelper: passwordHelper(value, scan, sources, faults),
    runAs: value(settings.runAs)?.value ?? null,
    tls: tlsFiles(value, faults),
    controlGroup: value(settings.controlGroup)?.value ?? null,
    fleet,
  };
  if (listensNowhere && isFleetKnown && fleet?.host == null) {
    faults.push(`${listen?.origin}: none is of use on a host of a fleet alone (--fleet-host)`);
  } else if (listensNowhere && fleet?.servers.length === 0) {
    faults.push(`${listen?.origin}: a host that is asked over https (--fleet) has to listen`);
  }
  if (faults.length > 0) throw new ConfigError(faults);
  config.listen.forEach(Object.freeze);
  Object.freeze(config.listen);
  return Object.freeze(config);
}

function passwordHelper(
  value: ValueOf,
  { accountsFrom, systemUsers }: Pick<Config, 'accountsFrom' | 'systemUsers'>,
  { isRoot }: ConfigSources,
  faults: string[],
): string {
  const [from, helper] = [value(settings.accountsFrom), value(settings.passwordHelper)];
  if (accountsFrom === 'file' && helper !== undefined) {
    faults.push(`${helper.origin}: is of no use without ${settings.accountsFrom.flag}`);
  }
  if (accountsFrom !== 'file' && systemUsers.length === 0) {
    const { flag, env } = settings.systemUsers;
    faults.push(`${from?.origin}: needs ${flag} (${env}), which says which system users`);
  }
  if (accountsFrom !== 'file' && !isRoot) {
    faults.push(`${from?.origin}: only root can have passwords of system users checked`);
  }
  return helper === undefined ? defaults.passwordHelper : resolve(helper.base, helper.value);
}

function metricsPlace(
  value: ValueOf,
  {
    allowPlainHttp,
    stateDir,
    listensNowhere,
  }: Pick<Config, 'allowPlainHttp' | 'stateDir'> & { readonly listensNowhere: boolean },
  sources: ConfigSources,
  faults: string[],
): MetricsPlace | null {
  const given = value(settings.metrics);
  const [file, group] = [value(settings.metricsTokenFile), value(settings.metricsTokenGroup)];
  const isPublic = value(settings.metricsPublic)?.value ?? false;
  for (const each of isPublic ? [file, group] : []) {
    if (each !== undefined) faults.push(`${each.origin}: is of no use with --metrics-public`);
  }
  if (!allowPlainHttp && given?.value != null) {
    const harm = isPublic
      ? 'tell anybody there how busy this one is'
      : 'carry their token there unencrypted';
    const found = plainHttpFaults([given.value], harm);
    faults.push(...found.map((fault) => `${given.origin}: ${fault}`));
  }
  const isRequired = [given, file, group].some((each) => each !== undefined);
  // Whoever wants no port for the API has to ask for one for metrics.
  const otherwise = listensNowhere && !isRequired && !isPublic ? 'none' : defaults.metrics;
  const address = given === undefined ? addressOrNone.parse(otherwise) : given.value;
  if (address === null) return null;
  // Where its group can get to; the state directory is its owner's alone.
  const directory = group === undefined ? stateDir : sharedDirectory(stateDir, sources);
  const path =
    file === undefined ? join(directory, 'metrics-token') : resolve(file.base, file.value);
  const token = Object.freeze({
    path,
    group: group?.value ?? null,
    directoryMode: dirname(path) === stateDir ? 0o700 : 0o755,
  });
  return Object.freeze({
    address: Object.freeze(address),
    token: isPublic ? null : token,
    isRequired,
  });
}

/** Where others than the state directory's owner can get to. */
function sharedDirectory(stateDir: string, sources: ConfigSources): string {
  const isSystems = sources.isRoot && stateDir === defaultStateDir(sources);
  return isSystems ? '/run/uapid' : stateDir;
}

function tlsFiles(value: ValueOf, faults: string[]): Config['tls'] {
  const faultsBefore = faults.length;
  const [cert, key] = [value(settings.tlsCert), value(settings.tlsKey)];
  if (cert !== undefined && key !== undefined) {
    const files = { cert: resolve(cert.base, cert.value), key: resolve(key.base, key.value) };
    return Object.freeze(files);
  }
  // One of them may be missing only because what was given is wrong.
  if (cert !== key && faults.length === faultsBefore) {
    const { flag, env } = cert === undefined ? settings.tlsCert : settings.tlsKey;
    faults.push(`${(cert ?? key)?.origin}: is of no use without ${flag} (${env})`);
  }
  return null;
}

function controlSocket(
  given: Chosen<string> | undefined,
  stateDir: string,
  sources: ConfigSources,
  faults: string[],
): ControlSocketPlace | null {
  if (given === undefined) {
    const path = join(sharedDirectory(stateDir, sources), 'control.sock');
    return Object.freeze({ path, isRequired: false });
  }
  if (given.value === noSocket) return null;
  const path = resolve(given.base, given.value);
  const fault = socketPathFault(path);
  if (fault !== null) faults.push(`${given.origin}: ${fault}`);
  return Object.freeze({ path, isRequired: true });
}

/** What a command needs that looks at this host, itself or through the server that runs. */
export type ScanSettings = Pick<
  Config,
  | 'stateDir'
  | 'auditLog'
  | 'sessionLog'
  | 'controlSocket'
  | 'processSource'
  | 'procRoot'
  | 'daemons'
  | 'containers'
  | 'dockerDataRoot'
  | 'accountsFrom'
  | 'systemUsers'
>;

/**
 * The settings of a scan alone: faults elsewhere do not matter. Throws ConfigError, and with `readsAccounts`
 * RefusedError where an ordinary user's own accounts would be taken for the service's.
 */
export function loadScanSettings(sources: ConfigSources, readsAccounts = false): ScanSettings {
  const { value, faults } = readSettings(sources);
  const found = scanSettings(value, sources, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  const isGiven = [settings.controlSocket, settings.stateDir].some((each) => value(each));
  const own = found.controlSocket?.path;
  // Members of the control group may speak with the service; a server of the user's own comes first.
  const isSystems = !isGiven && own !== undefined && !sources.exists(own);
  const isOthers = isSystems && !sources.isRoot && sources.exists(systemsStateDir);
  if (readsAccounts && isOthers) throw refusal();
  if (!isSystems || !sources.exists(systemsSocket)) return found;
  return { ...found, controlSocket: Object.freeze({ path: systemsSocket, isRequired: false }) };
}

function scanSettings(value: ValueOf, sources: ConfigSources, faults: string[]): ScanSettings {
  const path = (from: Setting<string>) => {
    const found = value(from);
    return found && resolve(found.base, found.value);
  };
  const stateDir = path(settings.stateDir) ?? defaultStateDir(sources);
  const daemonValue = ({ key }: DaemonSetting) => {
    const from = daemonSettings.find((each) => each.key === key);
    const found = from && value(from);
    if (typeof found?.value === 'string') return resolve(found.base, found.value);
    return found?.value === true ? switchedOn : undefined;
  };
  const containers = value(settings.containers);
  const processSource = value(settings.processSource)?.value ?? defaultProcessSource(sources);
  if (containers !== undefined && containers.value.length > 0 && processSource !== 'procfs') {
    faults.push(
      `${containers.origin}: containers are told by the process source procfs alone, not by ${processSource}`,
    );
  }
  return {
    stateDir,
    auditLog: path(settings.auditLog) ?? join(stateDir, 'audit.log'),
    processSource,
    containers: Object.freeze(containers?.value ?? []),
    dockerDataRoot: path(settings.dockerDataRoot) ?? defaults.dockerDataRoot,
    procRoot: path(settings.procRoot) ?? defaults.procRoot,
    daemons: readDaemonSettings(daemonValue),
    controlSocket: controlSocket(value(settings.controlSocket), stateDir, sources, faults),
    sessionLog: sessionLog(value, faults),
    accountsFrom: value(settings.accountsFrom)?.value ?? 'file',
    systemUsers: Object.freeze(value(settings.systemUsers)?.value ?? []),
  };
}

function sessionLog(value: ValueOf, faults: string[]): SessionLogPlace | null {
  const file = value(settings.sessionLog);
  const [begin, days] = [value(settings.sessionLogBegin), value(settings.sessionLogDays)];
  if (file === undefined || file.value === noSocket) {
    for (const each of [begin, days]) {
      if (each === undefined || each.value === false) continue;
      faults.push(`${each.origin}: is of no use without ${settings.sessionLog.flag}`);
    }
    return null;
  }
  return Object.freeze({
    path: resolve(file.base, file.value),
    begin: begin?.value ?? false,
    days: days?.value ?? defaults.sessionLogDays,
  });
}

/**
 * The places alone, for commands that start no server: faults elsewhere do not matter. Throws RefusedError
 * for an ordinary user's own on a host whose service has the system's: it would never read them.
 */
export function loadPlaces(sources: ConfigSources): Pick<Config, 'stateDir' | 'auditLog'> {
  const { value, faults } = readSettings(sources);
  const path = (from: Setting<string>) => {
    const found = value(from);
    return found && resolve(found.base, found.value);
  };
  const stateDir = path(settings.stateDir) ?? defaultStateDir(sources);
  const auditLog = path(settings.auditLog) ?? join(stateDir, 'audit.log');
  if (faults.length > 0) throw new ConfigError(faults);
  const isOwn = value(settings.stateDir) === undefined && !sources.isRoot;
  if (isOwn && sources.exists(systemsStateDir)) throw refusal();
  return { stateDir, auditLog };
}

/** The name that this machine has as a gateway, or null: faults elsewhere do not matter. */
export function loadFleetGateway(sources: ConfigSources): string | null {
  const { value, faults } = readSettings(sources);
  const name = value(settings.fleetGateway)?.value ?? null;
  if (faults.length > 0) throw new ConfigError(faults);
  return name;
}

/** What this machine is of a fleet, or null: faults elsewhere do not matter. */
export function loadFleetPlace(sources: ConfigSources): FleetPlace | null {
  const { value, faults } = readSettings(sources);
  const place = fleetPlace(value, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  return place;
}

const systemsStateDir = '/var/lib/uapid';
const systemsSocket = '/run/uapid/control.sock';

/** By its name, as exit codes tell it: with the class each start of the worker would read one file more. */
function refusal(): Error {
  const what: Pick<RefusedError, 'name' | 'reason'> = { name: 'RefusedError', reason: 'refused' };
  const message = `the service of this host keeps its state in ${systemsStateDir}, which is root’s: run this as root, or name another place with --state-dir; nothing was changed`;
  return Object.assign(new Error(message), what);
}

/** XDG Base Directory Specification: a relative XDG_STATE_HOME is invalid and to be ignored. */
function defaultStateDir({ env, isRoot, home }: ConfigSources): string {
  if (isRoot) return systemsStateDir;
  const { XDG_STATE_HOME = '' } = env;
  return join(isAbsolute(XDG_STATE_HOME) ? XDG_STATE_HOME : join(home, '.local/state'), 'uapid');
}

function defaultProcessSource({ platform }: ConfigSources): ProcessSourceName {
  return platform === 'linux' ? 'procfs' : 'ps-list';
}

export { ConfigError, type ConfigSources } from './read-settings.ts';
