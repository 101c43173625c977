import * as z from 'zod';
import { listDaemonSettings } from '../daemons/settings.ts';
import { trustedProxies } from '../lib/client-address.ts';
import { containerRules } from './container-rules.ts';
import { fleetName, fleetServers, fleetVerbs, gatewayKeys } from './fleet-values.ts';
import { addressOrNone, listenAddresses } from './listen-address.ts';
import { origins } from './origins.ts';
import { systemUserRules } from './system-user-rules.ts';

/**
 * One setting: the only place that says how it is called, what it takes and what it is for. The
 * flags of the commands and their help, the environment, the keys of the file and the table in
 * docs/configuration.md come from here.
 */
export interface Setting<T> {
  /** Its key in the configuration file, and commander's name of the flag. */
  readonly key: string;
  readonly flag: string;
  readonly env: string;
  /** What stands behind the flag, as DIR; null for a switch. */
  readonly value: string | null;
  readonly schema: z.ZodType<T>;
  /** What it is, as a line of the help says it. */
  readonly help: string;
  /** What holds without it, in Markdown. */
  readonly without: string;
  /** True when the flag may be given several times, for a list. */
  readonly isList: boolean;
}

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export const accountSources = ['file', 'system', 'both'] as const;
export const processSources = ['procfs', 'ps-list'] as const;

const path = z
  .string('must be a path')
  .min(1, 'must not be empty')
  .refine((text) => !text.includes('\0'), 'must not contain a NUL character');

const name = z.string().min(1, 'must not be empty');

const days = z.coerce
  .number('must be a number of days')
  .int('must be a whole number of days')
  .min(1, 'must be 1 or more days')
  .max(3650, 'must be 3650 days or less');

const onOrOff = z.preprocess(
  (value) => (typeof value === 'boolean' ? String(value) : value),
  z.stringbool({ error: 'must be true or false' }),
);

/** The settings that are no daemon's own, in the order of the help. */
export const settings = {
  listen: setting('listen', listenAddresses, {
    value: 'URL',
    help: 'addresses, by commas: http://HOST:PORT, https://HOST:PORT; or none',
    without: '`http://127.0.0.1:2082`',
    isList: true,
  }),
  metrics: setting('metrics', addressOrNone, {
    value: 'URL|none',
    help: 'where metrics are served; default: http://127.0.0.1:9284, with --listen none nowhere',
    without:
      '`http://127.0.0.1:9284`; if that is taken the server starts without metrics and says so. With `--listen none` nowhere, unless one of the next three is set',
  }),
  metricsTokenFile: setting('metricsTokenFile', path, {
    value: 'FILE',
    help: 'the token that metrics ask for; made if not there',
    without:
      '`metrics-token` in the state directory, with a group as for the control socket; made when it is not there',
  }),
  metricsTokenGroup: setting('metricsTokenGroup', name, {
    value: 'GROUP',
    help: 'whose members may read it too',
    without: 'nobody: the group whose members may read that file, too',
  }),
  metricsPublic: setting('metricsPublic', onOrOff, {
    value: null,
    help: 'metrics ask for no token',
    without: 'off: metrics ask for the token',
  }),
  tlsCert: setting('tlsCert', path, {
    value: 'FILE',
    help: 'PEM certificate and chain for https',
    without: '`tls/cert.pem` in the state directory; read again when it changes',
  }),
  tlsKey: setting('tlsKey', path, {
    value: 'FILE',
    help: 'PEM private key for https',
    without: '`tls/key.pem` in the state directory; read again when it changes',
  }),
  stateDir: setting('stateDir', path, {
    value: 'DIR',
    help: 'where accounts, tokens and roles are kept',
    without: '`/var/lib/uapid` for root, else `$XDG_STATE_HOME/uapid` or `~/.local/state/uapid`',
  }),
  logLevel: setting('logLevel', oneOf(logLevels), {
    value: 'LEVEL',
    help: logLevels.join(', '),
    without: '`info`',
  }),
  trustProxy: setting('trustProxy', trustedProxies, {
    value: 'LIST',
    help: 'proxies to believe, by commas',
    without: 'nobody: addresses and ranges whose `X-Forwarded-For` is believed',
  }),
  corsOrigins: setting('corsOrigins', origins, {
    value: 'LIST',
    help: 'sites whose pages may read answers with a token of theirs, by commas: https://HOST[:PORT]',
    without: 'none: origins whose pages may read answers, with a token of theirs',
  }),
  frameAncestors: setting('frameAncestors', origins, {
    value: 'LIST',
    help: 'sites that may show the page in a frame, by commas: https://HOST[:PORT]',
    without: 'none: origins that may show the page in a frame',
  }),
  accountsFrom: setting('accountsFrom', oneOf(accountSources), {
    value: accountSources.join('|'),
    help: 'whose passwords count: those of `uapid account`, of system users (through PAM), or both',
    without: '`file`: the accounts of `uapid account` alone',
  }),
  systemUsers: setting('systemUsers', systemUserRules, {
    value: 'LIST',
    help: 'system users that are accounts without being added, by commas: uids:FROM-TO, group:NAME, each with =RESELLER',
    without: 'none ([system-users.md](system-users.md))',
    isList: true,
  }),
  passwordHelper: setting('passwordHelper', path, {
    value: 'FILE',
    help: 'what checks passwords of system users; default: /usr/sbin/pwauth',
    without: '`/usr/sbin/pwauth`',
  }),
  auditLog: setting('auditLog', path, {
    value: 'FILE',
    help: 'where logins, refusals and changes are written down; default: STATE_DIR/audit.log',
    without: '`audit.log` in the state directory',
  }),
  sessionLog: setting('sessionLog', path, {
    value: 'FILE|none',
    help: 'where a line is written for each FTP session that ends; default: none',
    without: 'no log: addresses and logins are personal data',
  }),
  sessionLogBegin: setting('sessionLogBegin', onOrOff, {
    value: null,
    help: 'a line for each login there, too',
    without: 'off: one line a session, at its end',
  }),
  sessionLogDays: setting('sessionLogDays', days, {
    value: 'DAYS',
    help: 'when old files of that log are removed; default: 14',
    without: '14: a file that was set aside is removed 14 days after its last line',
  }),
  runAs: setting('runAs', name, {
    value: 'USER',
    help: 'who serves HTTP when root starts it',
    without: '`uapid` if there is such a user, else `nobody`; only when root starts it',
  }),
  controlSocket: setting('controlSocket', path, {
    value: 'PATH|none',
    help: 'the Unix socket between server and commands; default: /run/uapid/control.sock as root, else STATE_DIR/control.sock',
    without:
      '`/run/uapid/control.sock` for root with the default state directory, else `control.sock` in the state directory',
  }),
  controlGroup: setting('controlGroup', name, {
    value: 'GROUP',
    help: 'whose members may use that socket too',
    without: 'nobody: the group whose members may use that socket, too',
  }),
  processSource: setting('processSource', oneOf(processSources), {
    value: processSources.join('|'),
    help: 'where processes are looked up',
    without: '`procfs` on Linux, else `ps-list`',
  }),
  procRoot: setting('procRoot', path, {
    value: 'DIR',
    help: 'where procfs is mounted',
    without: '`/proc`',
  }),
  containers: setting('containers', containerRules, {
    value: 'JSON',
    help: 'whose the FTP daemons of which containers are: [{"match": "docker:NAME|machine:NAME|cgroup:/PATH", "account": "NAME"}, …]',
    without: 'none: sessions in containers are nobody’s ([containers.md](containers.md))',
  }),
  dockerDataRoot: setting('dockerDataRoot', path, {
    value: 'DIR',
    help: 'where dockerd keeps its containers’ names; default: /var/lib/docker',
    without: '`/var/lib/docker`',
  }),
  fleet: setting('fleet', fleetServers, {
    value: 'URL',
    help: 'messaging servers of a fleet, by commas: nats://HOST:PORT; or https: hosts are asked directly',
    without: 'none: this host is in no fleet ([fleet.md](fleet.md))',
    isList: true,
  }),
  fleetHost: setting('fleetHost', fleetName, {
    value: 'NAME',
    help: 'what this host is called in its fleet, whose gateways it answers',
    without: 'it answers no gateway',
  }),
  fleetGateways: setting('fleetGateways', gatewayKeys, {
    value: 'LIST',
    help: 'the gateways that may ask this host, by commas: NAME=KEY',
    without: 'none; needed with `--fleet-host`',
    isList: true,
  }),
  fleetAllow: setting('fleetAllow', fleetVerbs, {
    value: 'LIST',
    help: 'what gateways may have done on this host, by commas: list, end',
    without: '`list`: no gateway ends a session here',
    isList: true,
  }),
  fleetGateway: setting('fleetGateway', fleetName, {
    value: 'NAME',
    help: 'be a gateway of that name: list the sessions of all hosts',
    without: 'it lists its own sessions',
  }),
  fleetTlsCa: setting('fleetTlsCa', path, {
    value: 'FILE',
    help: 'PEM certificate of the authority behind the messaging servers, or hosts over https',
    without: 'none: the messaging server is on loopback',
  }),
  fleetTlsCert: setting('fleetTlsCert', path, {
    value: 'FILE',
    help: 'PEM certificate by which this machine connects to them',
    without: 'none; needed with the authority’s',
  }),
  fleetTlsKey: setting('fleetTlsKey', path, {
    value: 'FILE',
    help: 'PEM private key of that certificate',
    without: 'none; needed with the authority’s',
  }),
  allowPlainHttp: setting('allowPlainHttp', onOrOff, {
    value: null,
    help: 'listen beyond loopback without TLS',
    without: 'off: plain HTTP on loopback only',
  }),
};

/** The daemons' own settings, which their descriptions name. */
export const daemonSettings: readonly Setting<string | boolean>[] = listDaemonSettings().map(
  ({ key, value, help, defaultPaths, without = '' }) => {
    if (value === null) return setting<string | boolean>(key, onOrOff, { value, help, without });
    const paths = defaultPaths.map((each) => `\`${each}\``).join(', then ');
    return setting<string | boolean>(key, path, { value, help, without: paths || without });
  },
);

/** Every setting of a server, in the order of the help. */
export const allSettings: readonly Setting<unknown>[] = [
  ...Object.values<Setting<unknown>>(settings),
  ...daemonSettings,
];

/** The file that the others may stand in; it is no key of itself. */
export const configFile = {
  flag: '--config',
  env: 'UAPID_CONFIG',
  value: 'FILE',
  help: 'JSON file with settings',
};

function setting<T>(
  key: string,
  schema: z.ZodType<T>,
  text: Pick<Setting<T>, 'value' | 'help' | 'without'> & { readonly isList?: boolean },
): Setting<T> {
  const words = key.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
  const flag = `--${words.join('-')}`;
  const env = `UAPID_${words.join('_').toUpperCase()}`;
  return { key, flag, env, schema, isList: false, ...text };
}

function oneOf<const T extends readonly string[]>(values: T) {
  const error = ({ input }: { input?: unknown }) =>
    `${JSON.stringify(input)} is not one of ${values.join(', ')}`;
  return z.enum(values, { error });
}
