import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ConfigError,
  type ConfigSources,
  loadConfig,
  loadPlaces,
  loadScanSettings,
} from '../../../src/config/config.ts';
import { readDaemonSettings } from '../../../src/daemons/settings.ts';
import { wholeConfiguration } from '../../support/configuration-file.ts';

/** The daemons' settings without any, but for pure-ftpd's. */
const daemonsWith = (scoreboardDir: readonly string[]) => ({
  ...readDaemonSettings(() => undefined),
  'pure-ftpd': { scoreboardDir, pureFtpdPuredb: [], pureFtpdTransferLog: [] },
});

/** An ordinary user on Linux who has set nothing, with what a test changes about that. */
function sources(
  changes: Partial<ConfigSources> & { readonly file?: unknown } = {},
): ConfigSources {
  const { file, ...others } = changes;
  const text = typeof file === 'string' ? file : JSON.stringify(file);
  return {
    flags: file === undefined ? {} : { config: 'uapid.json' },
    env: {},
    platform: 'linux',
    isRoot: false,
    home: '/home/alice',
    cwd: '/home/alice/work',
    readFile(path) {
      if (path === '/home/alice/work/uapid.json' && file !== undefined) return text;
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    },
    exists: () => false,
    ...others,
  };
}

function faultsOf(changes: Parameters<typeof sources>[0]): readonly string[] {
  try {
    loadConfig(sources(changes));
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.faults;
  }
  return [];
}

function listenFaults(listen: string): readonly string[] {
  return faultsOf({ flags: { listen } });
}

test('without any setting the server listens on loopback port 2082 and reads /proc', () => {
  assert.deepEqual(loadConfig(sources()), {
    listen: [{ url: 'http://127.0.0.1:2082', host: '127.0.0.1', port: 2082 }],
    metrics: {
      address: { url: 'http://127.0.0.1:9284', host: '127.0.0.1', port: 9284 },
      token: {
        path: '/home/alice/.local/state/uapid/metrics-token',
        group: null,
        directoryMode: 0o700,
      },
      isRequired: false,
    },
    stateDir: '/home/alice/.local/state/uapid',
    logLevel: 'info',
    processSource: 'procfs',
    procRoot: '/proc',
    daemons: daemonsWith(['/run/pure-ftpd', '/var/run/pure-ftpd']),
    containers: [],
    dockerDataRoot: '/var/lib/docker',
    accountsFrom: 'file',
    systemUsers: [],
    passwordHelper: '/usr/sbin/pwauth',
    allowPlainHttp: false,
    trustedProxies: [],
    corsOrigins: [],
    frameAncestors: [],
    auditLog: '/home/alice/.local/state/uapid/audit.log',
    sessionLog: null,
    runAs: null,
    tls: null,
    controlSocket: { path: '/home/alice/.local/state/uapid/control.sock', isRequired: false },
    controlGroup: null,
    fleet: null,
  });
});

test('the state directory is /var/lib/uapid for root and follows XDG_STATE_HOME for others', () => {
  const env = { XDG_STATE_HOME: '/srv/state' };
  assert.equal(loadConfig(sources({ env, isRoot: true })).stateDir, '/var/lib/uapid');
  assert.equal(loadConfig(sources({ env })).stateDir, '/srv/state/uapid');
  for (const invalid of ['', 'relative']) {
    const { stateDir } = loadConfig(sources({ env: { XDG_STATE_HOME: invalid } }));
    assert.equal(stateDir, '/home/alice/.local/state/uapid');
  }
});

test('elsewhere than on Linux processes come from ps-list', () => {
  assert.equal(loadConfig(sources({ platform: 'darwin' })).processSource, 'ps-list');
});

test('a flag wins over the environment, that over the file, and that over the default', () => {
  const all = {
    file: { logLevel: 'error' },
    env: { UAPID_LOG_LEVEL: 'debug' },
    flags: { config: 'uapid.json', logLevel: 'trace' },
  };
  assert.equal(loadConfig(sources(all)).logLevel, 'trace');
  assert.equal(loadConfig(sources({ ...all, flags: { config: 'uapid.json' } })).logLevel, 'debug');
  assert.equal(loadConfig(sources({ file: all.file })).logLevel, 'error');
});

test('every setting can come from a flag, from the environment and from the file', () => {
  const expected = {
    listen: [
      { url: 'http://0.0.0.0:1', host: '0.0.0.0', port: 1 },
      { url: 'https://[::1]:0', host: '::1', port: 0 },
    ],
    metrics: {
      address: { url: 'http://0.0.0.0:9', host: '0.0.0.0', port: 9 },
      token: { path: '/t', group: 'prometheus', directoryMode: 0o755 },
      isRequired: true,
    },
    stateDir: '/s',
    logLevel: 'silent',
    processSource: 'ps-list',
    procRoot: '/p',
    daemons: daemonsWith(['/b']),
    // These are told by procfs alone.
    containers: [],
    dockerDataRoot: '/d',
    accountsFrom: 'both',
    systemUsers: [
      { match: { kind: 'uids', from: 1000, to: 1999 }, owner: 'shop' },
      { match: { kind: 'group', group: 'web' }, owner: null },
    ],
    passwordHelper: '/h',
    allowPlainHttp: true,
    trustedProxies: ['10.0.0.0/8', '::1'],
    corsOrigins: ['https://app.example', 'http://localhost:5173'],
    frameAncestors: ['https://panel.example:2083'],
    auditLog: '/a',
    sessionLog: { path: '/l', begin: true, days: 3 },
    runAs: 'www',
    tls: { cert: '/c', key: '/k' },
    controlSocket: { path: '/x', isRequired: true },
    controlGroup: 'wheel',
    fleet: {
      servers: ['nats://10.0.0.5:4222'],
      tls: { ca: '/fa', cert: '/fc', key: '/fk' },
      ca: null,
      host: {
        name: 'web1',
        gateways: [{ name: 'gw1', key: 'A'.repeat(43) }],
        allow: ['list', 'end'],
      },
      gateway: 'gw2',
    },
  };
  const values = {
    listen: 'http://0.0.0.0:1,https://[::1]:0',
    metrics: 'http://0.0.0.0:9',
    metricsTokenFile: '/t',
    metricsTokenGroup: 'prometheus',
    metricsPublic: false,
    stateDir: '/s',
    logLevel: 'silent',
    processSource: 'ps-list',
    procRoot: '/p',
    scoreboardDir: '/b',
    containers: [],
    dockerDataRoot: '/d',
    accountsFrom: 'both',
    systemUsers: 'uids:1000-1999=shop, group:web',
    passwordHelper: '/h',
    allowPlainHttp: true,
    trustProxy: '10.0.0.0/8,::1',
    corsOrigins: 'https://App.example, http://localhost:5173',
    frameAncestors: 'https://panel.example:2083',
    auditLog: '/a',
    sessionLog: '/l',
    sessionLogBegin: true,
    sessionLogDays: 3,
    runAs: 'www',
    tlsCert: '/c',
    tlsKey: '/k',
    controlSocket: '/x',
    controlGroup: 'wheel',
    fleet: 'nats://10.0.0.5:4222',
    fleetHost: 'web1',
    fleetGateways: `gw1=${'A'.repeat(43)}`,
    fleetAllow: 'list,end',
    fleetGateway: 'gw2',
    fleetTlsCa: '/fa',
    fleetTlsCert: '/fc',
    fleetTlsKey: '/fk',
  };
  const env = {
    UAPID_LISTEN: values.listen,
    UAPID_METRICS: values.metrics,
    UAPID_METRICS_TOKEN_FILE: '/t',
    UAPID_METRICS_TOKEN_GROUP: 'prometheus',
    UAPID_METRICS_PUBLIC: 'false',
    UAPID_STATE_DIR: '/s',
    UAPID_LOG_LEVEL: 'silent',
    UAPID_PROCESS_SOURCE: 'ps-list',
    UAPID_PROC_ROOT: '/p',
    UAPID_SCOREBOARD_DIR: '/b',
    UAPID_CONTAINERS: '[]',
    UAPID_ACCOUNTS_FROM: 'both',
    UAPID_SYSTEM_USERS: values.systemUsers,
    UAPID_PASSWORD_HELPER: '/h',
    UAPID_FLEET: values.fleet,
    UAPID_FLEET_HOST: 'web1',
    UAPID_FLEET_GATEWAYS: values.fleetGateways,
    UAPID_FLEET_ALLOW: 'list,end',
    UAPID_FLEET_GATEWAY: 'gw2',
    UAPID_FLEET_TLS_CA: '/fa',
    UAPID_FLEET_TLS_CERT: '/fc',
    UAPID_FLEET_TLS_KEY: '/fk',
    UAPID_DOCKER_DATA_ROOT: '/d',
    UAPID_ALLOW_PLAIN_HTTP: '1',
    UAPID_TRUST_PROXY: '10.0.0.0/8,::1',
    UAPID_CORS_ORIGINS: values.corsOrigins,
    UAPID_FRAME_ANCESTORS: values.frameAncestors,
    UAPID_AUDIT_LOG: '/a',
    UAPID_SESSION_LOG: '/l',
    UAPID_SESSION_LOG_BEGIN: 'true',
    UAPID_SESSION_LOG_DAYS: '3',
    UAPID_RUN_AS: 'www',
    UAPID_TLS_CERT: '/c',
    UAPID_TLS_KEY: '/k',
    UAPID_CONTROL_SOCKET: '/x',
    UAPID_CONTROL_GROUP: 'wheel',
  };
  const isRoot = true;
  assert.deepEqual(loadConfig(sources({ isRoot, flags: values })), expected);
  assert.deepEqual(loadConfig(sources({ isRoot, env })), expected);
  assert.deepEqual(loadConfig(sources({ isRoot, file: values })), expected);
  const lists = {
    listen: values.listen.split(','),
    systemUsers: ['uids:1000-1999=shop', 'group:web'],
  };
  assert.deepEqual(loadConfig(sources({ isRoot, file: { ...values, ...lists } })), expected);
});

test('passwords of system users need a rule that says of which, and root', () => {
  const flags = { accountsFrom: 'system' };
  assert.deepEqual(faultsOf({ flags, isRoot: true }), [
    '--accounts-from: needs --system-users (UAPID_SYSTEM_USERS), which says which system users',
  ]);
  assert.deepEqual(faultsOf({ flags: { ...flags, systemUsers: 'uids:1000-1999' } }), [
    '--accounts-from: only root can have passwords of system users checked',
  ]);
  assert.deepEqual(faultsOf({ flags: { passwordHelper: '/h' }, isRoot: true }), [
    '--password-helper: is of no use without --accounts-from',
  ]);
});

test('a rule of system users that is none, or would name root, is a fault', () => {
  const faultOf = (systemUsers: string) => faultsOf({ flags: { systemUsers }, isRoot: true });
  for (const wrong of ['', '1000-1999', 'uid:5', 'uids:5', 'uids:9-5', 'group:', 'group:a:b']) {
    assert.equal(faultOf(wrong).length, 1, wrong);
    assert.match(faultOf(wrong)[0] ?? '', /^--system-users: "/, wrong);
  }
  assert.deepEqual(faultOf('uids:0-99'), [
    '--system-users: uid 0 is root, who is never an account',
  ]);
});

test('containers are a list of rules in the file, and its JSON in a flag or the environment', () => {
  const containers = [
    { match: 'docker:web-*', account: 'alice' },
    { match: 'cgroup:/customers.slice/carol', account: 'carol' },
  ];
  const text = JSON.stringify(containers);
  for (const given of [
    { file: { containers } },
    { flags: { containers: text } },
    { env: { UAPID_CONTAINERS: text } },
  ]) {
    assert.deepEqual(loadConfig(sources(given)).containers, containers);
  }
});

test('a rule that could mean another container than it says is a fault, and so is one that is never read', () => {
  const rule = (changes: object) => ({
    file: { containers: [{ match: 'docker:web', account: 'alice', ...changes }] },
  });
  for (const [given, fault] of [
    [{ file: { containers: 'web' } }, /must be a list/],
    [{ flags: { containers: '{' } }, /must be a list/],
    [rule({ match: 'web' }), /"web" is not docker:NAME/],
    [rule({ match: 'cgroup:/user.slice/*/web' }), /only the last part/],
    [rule({ match: undefined }), /“match” must be a text/],
    [rule({ account: '' }), /“account” must not be empty/],
    [rule({ uid: 7 }), /container/],
    [
      {
        file: { containers: [{ match: 'docker:web', account: 'alice' }], processSource: 'ps-list' },
      },
      /by the process source procfs alone/,
    ],
  ] as const) {
    const faults = faultsOf(given);
    assert.equal(faults.length, 1, JSON.stringify(given));
    assert.match(faults[0] ?? '', fault);
  }
});

test('an origin is named whole and alone: no path, no wildcard, no port of the scheme’s own', () => {
  for (const wrong of [
    '*',
    'null',
    'app.example',
    'https://app.example/',
    'https://app.example:443',
    'https://*.app.example',
    'https://app.example;',
    "https://app.example 'self'",
    'https://user@app.example',
    'ftp://app.example',
    'https://a.example,,https://b.example',
    '',
  ]) {
    for (const key of ['corsOrigins', 'frameAncestors']) {
      const faults = faultsOf({ file: { [key]: [wrong] } });
      assert.match(faults[0] ?? '', /is no origin, as https:\/\/panel\.example/, wrong);
    }
  }
  assert.match(faultsOf({ flags: { corsOrigins: 'https://a.example,*' } })[0] ?? '', /"\*" is no/);
});

test('the file may be named by UAPID_CONFIG, and an empty variable counts as not set', () => {
  const file = { logLevel: 'warn' };
  const env = { UAPID_CONFIG: 'uapid.json', UAPID_LOG_LEVEL: '' };
  assert.equal(loadConfig(sources({ file, flags: {}, env })).logLevel, 'warn');
  const unset = { UAPID_CONFIG: '', UAPID_LISTEN: '' };
  assert.equal(loadConfig(sources({ env: unset })).listen.length, 1);
});

test('relative paths refer to the working directory, those of the file to its directory', () => {
  const readFile = () =>
    JSON.stringify({ procRoot: 'proc', stateDir: '../state', tlsCert: 'c', tlsKey: 'k' });
  const flags = { config: '/etc/uapid/uapid.json', stateDir: 'here', tlsKey: 'k' };
  const config = loadConfig(sources({ flags, readFile }));
  assert.equal(config.procRoot, '/etc/uapid/proc');
  assert.equal(config.stateDir, '/home/alice/work/here');
  assert.deepEqual(config.tls, { cert: '/etc/uapid/c', key: '/home/alice/work/k' });
});

test('all faults are reported at once, each with the place that the value came from', () => {
  const faults = faultsOf({
    file: { listen: 'ftp://x', colour: 'red', allowPlainHttp: 'perhaps' },
    env: { UAPID_PROCESS_SOURCE: 'guess' },
    flags: { config: 'uapid.json', logLevel: 'loud', stateDir: '' },
  });
  const file = '/home/alice/work/uapid.json';
  assert.deepEqual(
    faults.map((fault) => fault.replace(/;.*/, '')).sort(),
    [
      `${file}: colour: unknown key`,
      `${file}: listen: "ftp://x" is not of the form http://HOST:PORT or https://HOST:PORT`,
      `${file}: allowPlainHttp: must be true or false`,
      'UAPID_PROCESS_SOURCE: "guess" is not one of procfs, ps-list',
      '--log-level: "loud" is not one of fatal, error, warn, info, debug, trace, silent',
      '--state-dir: must not be empty',
    ].sort(),
  );
});

test('a wrong value is a fault even where another one overrides it', () => {
  const faults = faultsOf({ env: { UAPID_LOG_LEVEL: 'loud' }, flags: { logLevel: 'info' } });
  assert.match(faults.join('\n'), /^UAPID_LOG_LEVEL: "loud"[^\n]*$/);
});

test('a file that is missing, not JSON or no object is one fault, which quotes nothing of it', () => {
  const missing = faultsOf({ flags: { config: 'other.json' } });
  assert.deepEqual(missing, ['--config: /home/alice/work/other.json cannot be read (ENOENT)']);
  const env = { UAPID_CONFIG: 'uapid.json' };
  for (const file of ['{"listen": hunter2', 'hunter2', '["hunter2"]', '', 'null']) {
    const faults = faultsOf({ file, flags: {}, env });
    assert.equal(faults.length, 1, file);
    assert.match(faults[0] ?? '', /^UAPID_CONFIG: \S+ (is not valid JSON|must hold a JSON object)/);
    assert.doesNotMatch(faults[0] ?? '', /hunter/);
  }
});

test('lines of the file that begin with // are comments, and the last setting may have a comma', () => {
  const file = '// {\n{\n  // "logLevel": "loud",\n\t"stateDir": "//srv//x",\n  //\n}\n';
  assert.equal(loadConfig(sources({ file, flags: { config: 'uapid.json' } })).stateDir, '/srv/x');
  for (const wrong of ['{"a": 1 // 2\n}', '{"logLevel": "info",,}', '{,}x', '/* x */ {}']) {
    const faults = faultsOf({ file: wrong, flags: { config: 'uapid.json' } });
    assert.match(faults.join(), /is not valid JSON/, wrong);
  }
  const short = '// x\n{\n"listen": 1\n"metrics": 2\n}\n';
  const faults = faultsOf({ file: short, flags: { config: 'uapid.json' } });
  assert.match(faults.join(), /is not valid JSON \(line 4\)/);
});

test('the whole file of docs/configuration.md is the defaults as it stands, and each of its settings will do', () => {
  const flags = { config: 'uapid.json' };
  const whole = wholeConfiguration();
  assert.deepEqual(loadConfig(sources({ file: whole, flags })), loadConfig(sources()));
  const all = whole.replace(/^ {2}\/\/ (?="(?!metricsPublic))/gm, '  ');
  assert.deepEqual(faultsOf({ file: all, flags, isRoot: true }), []);
  const config = loadConfig(sources({ file: all, flags, isRoot: true }));
  assert.deepEqual([config.controlGroup, config.sessionLog?.begin], ['operators', true]);
  const isPublic = whole.replace('// "metricsPublic"', '"metricsPublic"');
  assert.equal(loadConfig(sources({ file: isPublic, flags })).metrics?.token, null);
});

test('keys that every JavaScript object has are unknown keys like others', () => {
  assert.equal(faultsOf({ file: '{"toString": 1, "__proto__": {}}' }).length, 2);
});

test('a URL to listen on needs http or https, a literal host, a port and nothing else', () => {
  const wrong = {
    'https://127.0.0.1': /port/,
    'https://example.com:443': /IP address or localhost/,
    'httpss://127.0.0.1:2083': /form/,
    'http://example.com:80': /IP address or localhost/,
    'http://127.0.0.1': /port/,
    'http://127.0.0.1:65536': /port/,
    'http://127.0.0.1:-1': /form/,
    'http://127.0.0.1:80/path': /form/,
    'http://127.0.0.1:80?q': /form/,
    'http://127.1:80': /IP address/,
    'http://0x7f000001:80': /IP address/,
    'http://::1:80': /form/,
    'http://[fe80::1%eth0]:80': /IP address/,
    'http://[127.0.0.1]:80': /IP address/,
    '127.0.0.1:80': /form/,
    '': /form/,
    'http://127.0.0.1:80,': /form/,
  };
  for (const [url, expected] of Object.entries(wrong)) {
    const faults = listenFaults(url);
    assert.equal(faults.length, 1, url);
    assert.match(faults[0] ?? '', /^--listen: /);
    assert.match(faults[0] ?? '', expected);
  }
});

test('a password that somebody wrote into a URL is not repeated in the fault', () => {
  const [fault = ''] = listenFaults('http://admin:hunter2/x@127.0.0.1:80');
  assert.match(fault, /form/);
  assert.doesNotMatch(fault, /hunter2/);
});

test('the same address twice is refused, in whatever spelling', () => {
  const twice = 'http://[::1]:80,HTTP://[0:0::1]:80/';
  assert.deepEqual(listenFaults(twice), ['--listen: http://[::1]:80 is there more than once']);
});

test('http and https cannot share a port, and can share everything else', () => {
  const shared = listenFaults('http://127.0.0.1:80,https://127.0.0.1:80');
  assert.deepEqual(shared, ['--listen: https://127.0.0.1:80: a port speaks either http or https']);
  assert.deepEqual(listenFaults('http://127.0.0.1:0,https://127.0.0.1:0'), []);
  assert.deepEqual(listenFaults('http://127.0.0.1:80,https://127.0.0.2:80'), []);
});

test('https is allowed on any address', () => {
  assert.deepEqual(listenFaults('https://0.0.0.0:2083,https://[2001:db8::1]:2087'), []);
  const mixed = listenFaults('https://0.0.0.0:2083,http://0.0.0.0:2082');
  assert.equal(mixed.length, 1);
  assert.match(mixed.join(), /^--listen: http:\/\/0\.0\.0\.0:2082 /);
});

test('a certificate without a key, and a key without a certificate, is a fault', () => {
  assert.deepEqual(faultsOf({ flags: { tlsCert: 'c' } }), [
    '--tls-cert: is of no use without --tls-key (UAPID_TLS_KEY)',
  ]);
  assert.deepEqual(faultsOf({ env: { UAPID_TLS_KEY: 'k' } }), [
    'UAPID_TLS_KEY: is of no use without --tls-cert (UAPID_TLS_CERT)',
  ]);
  assert.deepEqual(faultsOf({ flags: { tlsCert: 'c', tlsKey: '' } }), [
    '--tls-key: must not be empty',
  ]);
  assert.deepEqual(faultsOf({ env: { UAPID_TLS_KEY: 'k' }, flags: { tlsCert: 'c' } }), []);
});

test('plain HTTP beyond loopback is refused unless it is allowed', () => {
  for (const host of [
    '0.0.0.0',
    '[::]',
    '192.0.2.1',
    '126.255.255.255',
    '128.0.0.1',
    '[2001:db8::1]',
  ]) {
    const listen = `http://${host}:80`;
    assert.match(listenFaults(listen).join(), /^--listen: .*--allow-plain-http/, host);
    assert.deepEqual(faultsOf({ flags: { listen, allowPlainHttp: true } }), []);
    const env = { UAPID_LISTEN: listen, UAPID_ALLOW_PLAIN_HTTP: 'false' };
    assert.match(faultsOf({ env }).join(), /^UAPID_LISTEN: /);
  }
  for (const host of ['127.0.0.1', '127.255.1.2', '[::1]', '[::ffff:127.0.0.1]', 'LocalHost']) {
    assert.deepEqual(listenFaults(`http://${host}:80`), [], host);
  }
});

test('metrics are served at one address, or nowhere for "none"', () => {
  const metricsOf = (metrics: unknown) => loadConfig(sources({ flags: { metrics } })).metrics;
  assert.equal(metricsOf('none'), null);
  const { address, isRequired } = metricsOf('https://[::1]:1') ?? {};
  assert.deepEqual(address, { url: 'https://[::1]:1', host: '::1', port: 1 });
  assert.equal(isRequired, true);
  for (const wrong of ['', '9284', 'None', 'http://127.0.0.1:1,http://127.0.0.1:2', false, null]) {
    const faults = faultsOf({ flags: { metrics: wrong } });
    assert.equal(faults.length, 1, String(wrong));
    assert.match(faults[0] ?? '', /^--metrics: /);
  }
});

test('metrics ask for a token, which its group can get to, unless they are for everybody', () => {
  const metricsOf = (flags: object, isRoot = true) =>
    loadConfig(sources({ flags: { ...flags }, isRoot })).metrics;
  const group = { metricsTokenGroup: 'prometheus' };
  assert.equal(metricsOf({})?.token?.path, '/var/lib/uapid/metrics-token');
  assert.equal(metricsOf({})?.isRequired, false);
  assert.equal(metricsOf(group)?.token?.path, '/run/uapid/metrics-token');
  assert.equal(metricsOf(group)?.isRequired, true);
  assert.equal(metricsOf({ ...group, stateDir: '/s' })?.token?.path, '/s/metrics-token');
  assert.equal(metricsOf({ metricsTokenFile: 't' })?.token?.path, '/home/alice/work/t');
  assert.equal(metricsOf({ metricsPublic: true })?.token, null);
  const contradiction = faultsOf({ flags: { metricsPublic: true, ...group } });
  assert.deepEqual(contradiction, ['--metrics-token-group: is of no use with --metrics-public']);
});

test('metrics over plain HTTP stay on loopback unless more is allowed', () => {
  const metrics = 'http://0.0.0.0:9284';
  assert.match(faultsOf({ flags: { metrics } }).join(), /^--metrics: .*--allow-plain-http/);
  assert.match(faultsOf({ env: { UAPID_METRICS: metrics } }).join(), /^UAPID_METRICS: /);
  assert.deepEqual(faultsOf({ flags: { metrics, allowPlainHttp: true } }), []);
  assert.deepEqual(faultsOf({ flags: { metrics: 'https://0.0.0.0:9284' } }), []);
});

test('any IP address and port is taken as it was written', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 65_535 }), (ip, port) => {
      const listen = `http://${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
      const [found] = loadConfig(sources({ flags: { listen, allowPlainHttp: true } })).listen;
      assert.equal(found?.port, port);
      assert.equal(new URL(found.url).host, new URL(listen).host);
      assert.ok(found.url.includes(found.host));
    }),
  );
});

test('any text at all is an address or a fault of one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const fault of listenFaults(`http://${text}`)) assert.match(fault, /^--listen: [^\n]+$/);
    }),
  );
});

test('the configuration cannot be changed afterwards', () => {
  const flags = { scoreboardDir: '/b', tlsCert: '/c', tlsKey: '/k' };
  const config = loadConfig(sources({ flags }));
  const { daemons } = config;
  const ofDaemons = [
    daemons,
    ...Object.values(daemons).flatMap((each) => [each, ...Object.values(each)]),
  ];
  const parts = [config, config.listen, config.listen[0], config.tls, ...ofDaemons];
  assert.ok(parts.every(Object.isFrozen));
});

test('commands that need the state directory alone do not mind faults elsewhere', () => {
  const file = { stateDir: '/s', colour: 'red', listen: 'nonsense' };
  assert.equal(loadPlaces(sources({ file })).stateDir, '/s');
  assert.throws(() => loadPlaces(sources({ file: { stateDir: 7 } })), ConfigError);
  assert.throws(() => loadPlaces(sources({ file: '{' })), ConfigError);
});

test('the control socket of root is where a group can get to, any other is in the state directory', () => {
  const pathOf = (changes: Parameters<typeof sources>[0]) =>
    loadConfig(sources(changes)).controlSocket?.path;
  assert.equal(pathOf({ isRoot: true }), '/run/uapid/control.sock');
  assert.equal(pathOf({ isRoot: true, flags: { stateDir: '/s' } }), '/s/control.sock');
  assert.equal(pathOf({ flags: { stateDir: '/s' } }), '/s/control.sock');
  assert.equal(pathOf({ flags: { controlSocket: 'here.sock' } }), '/home/alice/work/here.sock');
  assert.equal(pathOf({ flags: { controlSocket: 'none' } }), undefined);
});

test('a path that no Unix socket can have is a fault, but not where nobody asked for it', () => {
  const long = `/${'x'.repeat(107)}`;
  const [fault = '', ...more] = faultsOf({ flags: { controlSocket: long } });
  assert.match(fault, /^--control-socket: \/x+ is too long for a Unix socket, by 1 bytes/);
  assert.deepEqual(more, []);
  assert.deepEqual(faultsOf({ flags: { controlSocket: long.slice(0, -1) } }), []);
  // In bytes, not in characters.
  assert.equal(faultsOf({ flags: { controlSocket: `/${'ä'.repeat(54)}` } }).length, 1);
  assert.deepEqual(faultsOf({ flags: { stateDir: long } }), []);
});

test('a command that looks needs no other setting to be right, and its own in every way', () => {
  const file = { scoreboardDir: '/b', logLevel: 'loud', listen: 'nowhere' };
  const settings = loadScanSettings(sources({ file, env: { UAPID_CONTROL_SOCKET: 'none' } }));
  assert.deepEqual(settings, {
    stateDir: '/home/alice/.local/state/uapid',
    auditLog: '/home/alice/.local/state/uapid/audit.log',
    processSource: 'procfs',
    procRoot: '/proc',
    daemons: daemonsWith(['/b']),
    containers: [],
    dockerDataRoot: '/var/lib/docker',
    controlSocket: null,
    sessionLog: null,
    accountsFrom: 'file',
    systemUsers: [],
  });
  assert.throws(() => loadScanSettings(sources({ file: { processSource: 'guess' } })), ConfigError);
});

test('the session log is off unless it is named, and what belongs to it is of no use then', () => {
  const faults = faultsOf({ flags: { sessionLogDays: '7', sessionLogBegin: true } });
  assert.equal(faults.length, 2);
  assert.match(faults.join(), /of no use without --session-log/);
  assert.equal(loadConfig(sources({ flags: { sessionLog: 'none' } })).sessionLog, null);
  assert.deepEqual(loadConfig(sources({ flags: { sessionLog: 's.log' } })).sessionLog, {
    path: '/home/alice/work/s.log',
    begin: false,
    days: 14,
  });
  for (const wrong of ['0', '1.5', 'x', '9999']) {
    assert.equal(faultsOf({ flags: { sessionLog: '/l', sessionLogDays: wrong } }).length, 1, wrong);
  }
});

const systems = ['/var/lib/uapid', '/run/uapid/control.sock'];
/** A host with the service, which tests of units may not have. */
const withService = (others: Partial<ConfigSources> = {}) =>
  sources({ exists: (path) => systems.includes(path), ...others });

test('where the service has the system’s state, an ordinary user’s own is refused unless it is named', () => {
  const isRefused = {
    name: 'RefusedError',
    reason: 'refused',
    message: /\/var\/lib\/uapid.*as root/,
  };
  assert.throws(() => loadPlaces(withService()), isRefused);
  assert.throws(() => loadPlaces(withService({ env: { XDG_STATE_HOME: '/x' } })), isRefused);
  for (const [others, stateDir] of [
    [{ flags: { stateDir: '/mine' } }, '/mine'],
    [{ env: { UAPID_STATE_DIR: '/mine' } }, '/mine'],
    [{ isRoot: true }, '/var/lib/uapid'],
    [{ exists: () => false }, '/home/alice/.local/state/uapid'],
  ] as const) {
    assert.equal(loadPlaces(withService(others)).stateDir, stateDir);
    assert.equal(loadScanSettings(withService(others), true).stateDir, stateDir);
  }
  assert.throws(() => loadScanSettings(withService(), true), isRefused);
  assert.doesNotThrow(() => loadScanSettings(withService()));
});

test('a command finds the service’s socket without a flag, after one of the user’s own server', () => {
  const own = '/home/alice/.local/state/uapid/control.sock';
  const socketOf = (others: Partial<ConfigSources> = {}) =>
    loadScanSettings(withService(others)).controlSocket?.path;
  assert.equal(socketOf(), '/run/uapid/control.sock');
  assert.equal(socketOf({ exists: (path) => [...systems, own].includes(path) }), own);
  assert.equal(socketOf({ exists: () => false }), own);
  assert.equal(socketOf({ flags: { stateDir: '/mine' } }), '/mine/control.sock');
  assert.equal(socketOf({ flags: { controlSocket: '/mine/socket' } }), '/mine/socket');
  assert.equal(socketOf({ flags: { controlSocket: 'none' } }), undefined);
  // A server of the user's own never takes the service's place.
  assert.equal(loadConfig(withService()).controlSocket?.path, own);
});
