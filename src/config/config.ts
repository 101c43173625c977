import { dirname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { trustedProxies } from '../lib/client-address.ts';
import {
  addressOrNone,
  type ListenAddress,
  listenAddresses,
  plainHttpFaults,
} from './listen-address.ts';
import { socketPathFault } from './socket-path.ts';

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const processSources = ['procfs', 'ps-list'] as const;

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
  /** Where pure-ftpd's scoreboard may be; the first that exists when looked for counts. */
  readonly scoreboardDirs: readonly string[];
  readonly allowPlainHttp: boolean;
  /** Proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Where logins, refusals and changes are written down. */
  readonly auditLog: string;
  /** The system user that the HTTP side becomes when root starts it; null for the usual one. */
  readonly runAs: string | null;
  /** The PEM files for the https addresses; null: those that the state directory may hold. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Where commands on this machine reach the server; null for nowhere. */
  readonly controlSocket: ControlSocketPlace | null;
  /** The system's group whose members may use that socket besides its owner; null for nobody. */
  readonly controlGroup: string | null;
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

/** Everything that a configuration comes from. */
export interface ConfigSources {
  /** The flags that were given, under the names of the settings, and `config`. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly isRoot: boolean;
  /** The home directory, for the default state directory of other users than root. */
  readonly home: string;
  /** What relative paths in flags and the environment refer to. */
  readonly cwd: string;
  /** The text of a file; throws when it cannot be read. */
  readonly readFile: (path: string) => string;
}

/** Every fault of a configuration at once: one line each, beginning with where the value came from. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

const pathText = z
  .string('must be a path')
  .min(1, 'must not be empty')
  .refine((text) => !text.includes('\0'), 'must not contain a NUL character');

const switchValue = z.preprocess(
  (value) => (typeof value === 'boolean' ? String(value) : value),
  z.stringbool({ error: 'must be true or false' }),
);

interface Setting<T> {
  readonly key: string;
  readonly flag: string;
  readonly env: string;
  readonly schema: z.ZodType<T>;
}

const settings = {
  listen: setting('listen', '--listen', 'UAPID_LISTEN', listenAddresses),
  metrics: setting('metrics', '--metrics', 'UAPID_METRICS', addressOrNone),
  metricsTokenFile: setting(
    'metricsTokenFile',
    '--metrics-token-file',
    'UAPID_METRICS_TOKEN_FILE',
    pathText,
  ),
  metricsTokenGroup: setting(
    'metricsTokenGroup',
    '--metrics-token-group',
    'UAPID_METRICS_TOKEN_GROUP',
    z.string().min(1, 'must not be empty'),
  ),
  metricsPublic: setting('metricsPublic', '--metrics-public', 'UAPID_METRICS_PUBLIC', switchValue),
  stateDir: setting('stateDir', '--state-dir', 'UAPID_STATE_DIR', pathText),
  logLevel: setting('logLevel', '--log-level', 'UAPID_LOG_LEVEL', oneOf(logLevels)),
  processSource: setting(
    'processSource',
    '--process-source',
    'UAPID_PROCESS_SOURCE',
    oneOf(processSources),
  ),
  procRoot: setting('procRoot', '--proc-root', 'UAPID_PROC_ROOT', pathText),
  scoreboardDir: setting('scoreboardDir', '--scoreboard-dir', 'UAPID_SCOREBOARD_DIR', pathText),
  allowPlainHttp: setting(
    'allowPlainHttp',
    '--allow-plain-http',
    'UAPID_ALLOW_PLAIN_HTTP',
    switchValue,
  ),
  runAs: setting('runAs', '--run-as', 'UAPID_RUN_AS', z.string().min(1, 'must not be empty')),
  trustProxy: setting('trustProxy', '--trust-proxy', 'UAPID_TRUST_PROXY', trustedProxies),
  auditLog: setting('auditLog', '--audit-log', 'UAPID_AUDIT_LOG', pathText),
  tlsCert: setting('tlsCert', '--tls-cert', 'UAPID_TLS_CERT', pathText),
  tlsKey: setting('tlsKey', '--tls-key', 'UAPID_TLS_KEY', pathText),
  controlSocket: setting('controlSocket', '--control-socket', 'UAPID_CONTROL_SOCKET', pathText),
  controlGroup: setting(
    'controlGroup',
    '--control-group',
    'UAPID_CONTROL_GROUP',
    z.string().min(1, 'must not be empty'),
  ),
};

/** As a socket's path: that there is to be none. */
const noSocket = 'none';

const defaults = {
  listen: ['http://127.0.0.1:2082'],
  // In the range that Prometheus keeps for exporters, 9100 to 9999.
  metrics: 'http://127.0.0.1:9284',
  logLevel: 'info',
  procRoot: '/proc',
  scoreboardDirs: ['/run/pure-ftpd', '/var/run/pure-ftpd'],
} as const;

/**
 * The configuration of a server: of each setting the flag, else the environment variable, else the
 * file's value, else the default. An empty environment variable counts as not set. Every value that
 * was given is checked, also one that another overrides. Throws ConfigError with all faults.
 */
export function loadConfig(sources: ConfigSources): Config {
  const faults: string[] = [];
  const file = readConfigFile(sources, faults);
  for (const key of Object.keys(file.values)) {
    if (Object.hasOwn(settings, key)) continue;
    faults.push(`${file.path}: ${key}: unknown key; known are ${Object.keys(settings).join(', ')}`);
  }
  const value = <T>(from: Setting<T>) => chosen(from, sources, file, faults);
  const listen = value(settings.listen);
  const allowPlainHttp = value(settings.allowPlainHttp)?.value ?? false;
  if (!allowPlainHttp && listen) {
    faults.push(...plainHttpFaults(listen.value).map((fault) => `${listen.origin}: ${fault}`));
  }
  const look = lookSettings(value, sources, faults);
  const config: Config = {
    ...look,
    listen: listen?.value ?? listenAddresses.parse(defaults.listen),
    metrics: metricsPlace(value, { allowPlainHttp, stateDir: look.stateDir }, sources, faults),
    logLevel: value(settings.logLevel)?.value ?? defaults.logLevel,
    allowPlainHttp,
    trustedProxies: value(settings.trustProxy)?.value ?? [],
    runAs: value(settings.runAs)?.value ?? null,
    tls: tlsFiles(value, faults),
    controlGroup: value(settings.controlGroup)?.value ?? null,
  };
  if (faults.length > 0) throw new ConfigError(faults);
  config.listen.forEach(Object.freeze);
  Object.freeze(config.listen);
  Object.freeze(config.scoreboardDirs);
  return Object.freeze(config);
}

function metricsPlace(
  value: ValueOf,
  { allowPlainHttp, stateDir }: Pick<Config, 'allowPlainHttp' | 'stateDir'>,
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
  const address = given === undefined ? addressOrNone.parse(defaults.metrics) : given.value;
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
    isRequired: [given, file, group].some((each) => each !== undefined),
  });
}

/** Where others than the state directory's owner can get to. */
function sharedDirectory(stateDir: string, sources: ConfigSources): string {
  const isSystems = sources.isRoot && stateDir === defaultStateDir(sources);
  return isSystems ? '/run/uapid' : stateDir;
}

function tlsFiles(
  value: (from: Setting<string>) => Chosen<string> | undefined,
  faults: string[],
): Config['tls'] {
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
export type LookSettings = Pick<
  Config,
  'stateDir' | 'auditLog' | 'controlSocket' | 'processSource' | 'procRoot' | 'scoreboardDirs'
>;

/** The settings of a look alone: faults elsewhere do not matter. Throws ConfigError. */
export function loadLookSettings(sources: ConfigSources): LookSettings {
  const faults: string[] = [];
  const file = readConfigFile(sources, faults);
  const value = <T>(from: Setting<T>) => chosen(from, sources, file, faults);
  const settingsOfLook = lookSettings(value, sources, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  return settingsOfLook;
}

function lookSettings(
  value: <T>(from: Setting<T>) => Chosen<T> | undefined,
  sources: ConfigSources,
  faults: string[],
): LookSettings {
  const path = (from: Setting<string>) => {
    const found = value(from);
    return found && resolve(found.base, found.value);
  };
  const scoreboardDir = path(settings.scoreboardDir);
  const stateDir = path(settings.stateDir) ?? defaultStateDir(sources);
  return {
    stateDir,
    auditLog: path(settings.auditLog) ?? join(stateDir, 'audit.log'),
    processSource: value(settings.processSource)?.value ?? defaultProcessSource(sources),
    procRoot: path(settings.procRoot) ?? defaults.procRoot,
    scoreboardDirs: scoreboardDir === undefined ? defaults.scoreboardDirs : [scoreboardDir],
    controlSocket: controlSocket(value(settings.controlSocket), stateDir, sources, faults),
  };
}

/** The places alone, for commands that start no server: faults elsewhere do not matter. */
export function loadPlaces(sources: ConfigSources): Pick<Config, 'stateDir' | 'auditLog'> {
  const faults: string[] = [];
  const file = readConfigFile(sources, faults);
  const path = (from: Setting<string>) => {
    const found = chosen(from, sources, file, faults);
    return found && resolve(found.base, found.value);
  };
  const stateDir = path(settings.stateDir) ?? defaultStateDir(sources);
  const auditLog = path(settings.auditLog) ?? join(stateDir, 'audit.log');
  if (faults.length > 0) throw new ConfigError(faults);
  return { stateDir, auditLog };
}

/** What gives a setting's value, and takes its faults down. */
type ValueOf = <T>(from: Setting<T>) => Chosen<T> | undefined;

interface ConfigFile {
  readonly path: string;
  /** What relative paths in it refer to. */
  readonly base: string;
  readonly values: Readonly<Record<string, unknown>>;
}

function readConfigFile(sources: ConfigSources, faults: string[]): ConfigFile {
  const { cwd, readFile } = sources;
  const { config } = sources.flags;
  const { UAPID_CONFIG } = sources.env;
  const none = { path: '', base: cwd, values: {} };
  const given = config ?? (UAPID_CONFIG || undefined);
  if (given === undefined) return none;
  const path = resolve(cwd, String(given));
  const [values, fault] = parseObject(readFile, path);
  if (values !== undefined) return { path, base: dirname(path), values };
  faults.push(`${config === undefined ? 'UAPID_CONFIG' : '--config'}: ${path} ${fault}`);
  return none;
}

/** The object in a JSON file, or what is wrong with the file. */
function parseObject(
  readFile: ConfigSources['readFile'],
  path: string,
): [Record<string, unknown>] | [undefined, string] {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    return [undefined, `cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`];
  }
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? [value as Record<string, unknown>] : [undefined, 'must hold a JSON object'];
  } catch (error) {
    // The parser's message quotes the file, which may be one that was never meant to be shown.
    const position = /at position (\d+)/.exec((error as Error).message)?.[1];
    if (position === undefined) return [undefined, 'is not valid JSON'];
    const line = text.slice(0, Number(position)).split('\n').length;
    return [undefined, `is not valid JSON (line ${line})`];
  }
}

interface Chosen<T> {
  readonly value: T;
  readonly origin: string;
  readonly base: string;
}

function chosen<T>(
  from: Setting<T>,
  { flags, env, cwd }: ConfigSources,
  file: ConfigFile,
  faults: string[],
): Chosen<T> | undefined {
  const given = [
    { origin: from.flag, base: cwd, raw: flags[from.key] },
    { origin: from.env, base: cwd, raw: env[from.env] || undefined },
    { origin: `${file.path}: ${from.key}`, base: file.base, raw: file.values[from.key] },
  ].filter((each) => each.raw !== undefined);
  const checked = given.map(({ origin, base, raw }) => {
    const result = from.schema.safeParse(raw);
    if (result.success) return { origin, base, value: result.data };
    for (const issue of result.error.issues) faults.push(`${origin}: ${issue.message}`);
    return undefined;
  });
  return checked[0];
}

/** XDG Base Directory Specification: a relative XDG_STATE_HOME is invalid and to be ignored. */
function defaultStateDir({ env, isRoot, home }: ConfigSources): string {
  if (isRoot) return '/var/lib/uapid';
  const { XDG_STATE_HOME = '' } = env;
  return join(isAbsolute(XDG_STATE_HOME) ? XDG_STATE_HOME : join(home, '.local/state'), 'uapid');
}

function defaultProcessSource({ platform }: ConfigSources): ProcessSourceName {
  return platform === 'linux' ? 'procfs' : 'ps-list';
}

function setting<T>(key: string, flag: string, env: string, schema: z.ZodType<T>): Setting<T> {
  return { key, flag, env, schema };
}

function oneOf<const T extends readonly string[]>(values: T) {
  const error = ({ input }: { input?: unknown }) =>
    `${JSON.stringify(input)} is not one of ${values.join(', ')}`;
  return z.enum(values, { error });
}
