import { BlockList, isIP, isIPv6 } from 'node:net';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const processSources = ['procfs', 'ps-list'] as const;

export type LogLevel = (typeof logLevels)[number];
export type ProcessSourceName = (typeof processSources)[number];

/** An address to listen on. */
export interface ListenAddress {
  /** The shortest form of the URL, without a slash at its end. */
  readonly url: string;
  /** An IP address without brackets, or "localhost". */
  readonly host: string;
  /** 0 stands for any free port. */
  readonly port: number;
}

/** What a server is started with. No secret is ever part of it. */
export interface Config {
  readonly listen: readonly ListenAddress[];
  readonly stateDir: string;
  readonly logLevel: LogLevel;
  readonly processSource: ProcessSourceName;
  readonly procRoot: string;
  /** Where pure-ftpd's scoreboard may be; the first that exists when looked for counts. */
  readonly scoreboardDirs: readonly string[];
  readonly allowPlainHttp: boolean;
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

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

const listenAddress = z.string().transform((text, context): ListenAddress => {
  const result = parseListenUrl(text.trim());
  if (typeof result !== 'string') return result;
  // What stands before an @ may be a password.
  context.addIssue(`${JSON.stringify(text.replace(/^.*@/s, '…@'))} ${result}`);
  return z.NEVER;
});

const listenAddresses = z
  .preprocess(
    (value) => (typeof value === 'string' ? value.split(',') : value),
    z.array(listenAddress, 'must be a URL or a list of URLs').min(1, 'must name an address'),
  )
  .superRefine((all, context) => {
    const urls = all.map((each) => each.url);
    const repeated = urls.filter((url, index) => urls.indexOf(url) !== index);
    for (const url of new Set(repeated)) context.addIssue(`${url} is there more than once`);
  });

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
};

const defaults = {
  listen: ['http://127.0.0.1:2082'],
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
  const path = (from: Setting<string>) => {
    const found = value(from);
    return found && resolve(found.base, found.value);
  };

  const listen = value(settings.listen);
  const allowPlainHttp = value(settings.allowPlainHttp)?.value ?? false;
  if (!allowPlainHttp && listen) faults.push(...plainHttpFaults(listen.value, listen.origin));
  const scoreboardDir = path(settings.scoreboardDir);
  const config: Config = {
    listen: listen?.value ?? listenAddresses.parse(defaults.listen),
    stateDir: path(settings.stateDir) ?? defaultStateDir(sources),
    logLevel: value(settings.logLevel)?.value ?? defaults.logLevel,
    processSource: value(settings.processSource)?.value ?? defaultProcessSource(sources),
    procRoot: path(settings.procRoot) ?? defaults.procRoot,
    scoreboardDirs: scoreboardDir === undefined ? defaults.scoreboardDirs : [scoreboardDir],
    allowPlainHttp,
  };
  if (faults.length > 0) throw new ConfigError(faults);
  config.listen.forEach(Object.freeze);
  Object.freeze(config.listen);
  Object.freeze(config.scoreboardDirs);
  return Object.freeze(config);
}

/** The state directory alone, for commands that start no server: faults elsewhere do not matter. */
export function loadStateDir(sources: ConfigSources): string {
  const faults: string[] = [];
  const file = readConfigFile(sources, faults);
  const found = chosen(settings.stateDir, sources, file, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  return found ? resolve(found.base, found.value) : defaultStateDir(sources);
}

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

/** The address in a URL of the form http://HOST:PORT, or what is wrong with it. */
function parseListenUrl(text: string): ListenAddress | string {
  if (/^https:/i.test(text)) return 'is an https URL; this version can serve http only';
  const parts = /^http:\/\/(?:\[([^\]]*)\]|([^:/?#@[\]]*))(?::(\d{1,5}))?\/?$/i.exec(text);
  if (parts === null) return 'is not of the form http://HOST:PORT';
  const [, bracketed, plain = '', digits] = parts;
  const isAddress = bracketed === undefined ? isIP(plain) === 4 : isPlainIPv6(bracketed);
  const isLocalhost = plain.toLowerCase() === 'localhost';
  if (!isAddress && !isLocalhost) return 'needs an IP address or localhost as its host';
  if (digits === undefined) return 'needs a port';
  const port = Number(digits);
  if (port > 65_535) return 'needs a port from 0 to 65535';
  const host = bracketed === undefined ? plain.toLowerCase() : shortestIPv6(bracketed);
  const url = `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return { url, host, port };
}

/** An IPv6 address without a zone: URLs write zones in a form of their own (RFC 6874). */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function shortestIPv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function plainHttpFaults(listen: readonly ListenAddress[], origin: string): string[] {
  return listen
    .filter(({ host }) => !isLoopback(host))
    .map(
      ({ url }) =>
        `${origin}: ${url} is reachable from other hosts and plain HTTP would carry passwords there ` +
        'unencrypted; --allow-plain-http (UAPID_ALLOW_PLAIN_HTTP) allows it',
    );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
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
