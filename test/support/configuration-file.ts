import { allSettings, type Setting, type settings } from '../../src/config/settings.ts';

/** A value of each setting, as somebody may want it. */
const examples: Readonly<Record<keyof typeof settings, unknown>> = {
  listen: ['http://127.0.0.1:2082', 'https://0.0.0.0:2083', 'https://0.0.0.0:2087'],
  metrics: 'https://192.0.2.1:9284',
  metricsTokenFile: '/var/lib/uapid/metrics-token',
  metricsTokenGroup: 'prometheus',
  metricsPublic: true,
  tlsCert: '/etc/letsencrypt/live/ftp1.example/fullchain.pem',
  tlsKey: '/etc/letsencrypt/live/ftp1.example/privkey.pem',
  stateDir: '/var/lib/uapid',
  logLevel: 'debug',
  trustProxy: '127.0.0.1,192.0.2.0/24',
  corsOrigins: 'https://app.example',
  frameAncestors: 'https://panel.example',
  accountsFrom: 'both',
  systemUsers: ['uids:2000-2999=shop', 'group:customers'],
  passwordHelper: '/usr/sbin/pwauth',
  auditLog: '/var/log/uapid/audit.log',
  sessionLog: '/var/log/uapid/sessions.log',
  sessionLogBegin: true,
  sessionLogDays: 14,
  runAs: 'uapid',
  controlSocket: '/run/uapid/control.sock',
  controlGroup: 'operators',
  processSource: 'procfs',
  procRoot: '/proc',
  containers: [{ match: 'docker:web-*', account: 'alice' }],
  dockerDataRoot: '/var/lib/docker',
  fleet: 'nats://10.0.0.5:4222',
  fleetHost: 'web1',
  fleetGateways: 'gw1=7cMyUYfqTzGYdYGHUWwG8H6rRYh6Yk1nq9cQh0m5o3A',
  fleetAllow: 'list,end',
  fleetGateway: 'gw1',
  fleetTlsCa: '/etc/uapid/fleet/ca.pem',
  fleetTlsCert: '/etc/uapid/fleet/cert.pem',
  fleetTlsKey: '/etc/uapid/fleet/key.pem',
  allowPlainHttp: true,
};

/** Of daemons' settings those that are no switch and that no default gives a value to. */
const daemonExamples: Readonly<Record<string, unknown>> = {
  pureFtpdPuredb: '/etc/pure-ftpd/pureftpd.pdb',
  pureFtpdTransferLog: '/var/log/pure-ftpd/transfer.log',
};

/** A whole configuration file: every setting as a comment, with what it is and what holds without it. */
export function wholeConfiguration(): string {
  return ['{', ...allSettings.flatMap(lines).slice(0, -1), '}', ''].join('\n');
}

function lines(setting: Setting<unknown>): string[] {
  const { key, help, without } = setting;
  return [
    `  // ${help.replace(/; default: .*/, '')}`,
    `  // without it: ${plain(without)}`,
    `  // ${JSON.stringify(key)}: ${inOneLine(exampleOf(setting))},`,
    '',
  ];
}

function exampleOf({ key, value, without }: Setting<unknown>): unknown {
  if (Object.hasOwn(examples, key)) return examples[key as keyof typeof examples];
  return daemonExamples[key] ?? (value === null ? true : /`([^`]+)`/.exec(without)?.[1]);
}

function inOneLine(value: unknown): string {
  return JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, ' ')
    .replaceAll('[ ', '[')
    .replaceAll(' ]', ']');
}

/** Markdown as text. */
function plain(markdown: string): string {
  return markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
}
