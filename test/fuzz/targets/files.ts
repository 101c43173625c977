import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { dummyHash } from '../../../src/accounts/password-hash.ts';
import { openRoleStore } from '../../../src/accounts/role-store.ts';
import { openTokenStore } from '../../../src/accounts/token-store.ts';
import { ConfigError, loadConfig } from '../../../src/config/config.ts';
import { StateFileError } from '../../../src/state/state-file-error.ts';
import { checkKeyPair, KeyPairError } from '../../../src/tls/key-pair.ts';
import { localPair } from '../../support/key-pairs.ts';
import { mutateBytes, mutateText, mutateValue } from '../mutate.ts';
import type { Random } from '../random.ts';
import { pureTarget, type Target } from '../target.ts';

const features = ['ftpaccts'];
const accounts = {
  version: 1,
  accounts: [
    { name: 'admin', role: 'admin', passwordHash: dummyHash },
    { name: 'rita', role: 'reseller', systemUser: 'rita', features, passwordHash: dummyHash },
    {
      name: 'alice',
      role: 'user',
      systemUser: 'alice',
      owner: 'rita',
      features,
      passwordHash: dummyHash,
    },
  ],
};
const token = { id: '0123456789ab', account: 'alice', label: 'x', sha256: 'a'.repeat(64) };
const tokens = {
  version: 1,
  tokens: [{ ...token, createdAt: '2026-01-01T00:00:00.000Z', expiresAt: null }],
};
const roles = { version: 1, enabled: { FTP: false } };

function makeFile(random: Random, sample: unknown): Buffer {
  const value = random.oneIn(4) ? sample : mutateValue(random, sample);
  const bytes = Buffer.from(JSON.stringify(value, null, 2) ?? '');
  return random.oneIn(2) ? bytes : mutateBytes(random, bytes);
}

/** Opens a store on any bytes: it is refused with its path, or all that it holds is of its type. */
function stateFile(name: string, sample: unknown, open: (stateDir: string) => void): Target {
  return {
    name,
    inputs: 20_000,
    open: async () => {
      const stateDir = mkdtempSync(join(tmpdir(), 'uapid-fuzz-'));
      const path = join(stateDir, `${name}.json`);
      return {
        close: () => rmSync(stateDir, { recursive: true }),
        next: (random) => {
          const input = makeFile(random, sample);
          return {
            input,
            check: () => {
              writeFileSync(path, input);
              try {
                open(stateDir);
              } catch (error) {
                if (!(error instanceof StateFileError)) throw error;
                assert.ok(error.message.startsWith(path));
                assert.doesNotMatch(error.message, /argon2id|aaaaaaaaaaaa/);
              }
            },
          };
        },
      };
    },
  };
}

const isNamed = (name: unknown) => assert.match(String(name), /^[\w][\w.@+-]{0,127}$/);

const stateFiles = [
  stateFile('accounts', accounts, (stateDir) => {
    for (const { name, role, systemUser, owner } of openAccountStore(stateDir).list()) {
      isNamed(name);
      assert.ok(['user', 'reseller', 'admin'].includes(role));
      assert.ok(role === 'admin' ? systemUser === null : systemUser !== '');
      if (owner !== null) isNamed(owner);
    }
  }),
  stateFile('tokens', tokens, (stateDir) => {
    const store = openTokenStore(stateDir);
    for (const { id, createdAt } of store.list()) {
      assert.match(id, /^[0-9a-f]{12}$/);
      assert.ok(Number.isFinite(Date.parse(createdAt)), createdAt);
    }
    assert.equal(store.verify('alice', 'nonsense'), false);
  }),
  stateFile('roles', roles, (stateDir) => {
    assert.equal(typeof openRoleStore(stateDir).isEnabled('FTP'), 'boolean');
  }),
];

const keyPair: Target = {
  name: 'key-pair',
  inputs: 2000,
  open: async () => {
    const pair = await localPair();
    return {
      next: (random) => {
        const cert = random.oneIn(2) ? pair.cert : mutateText(random, pair.cert, pair.key);
        const key = random.oneIn(2) ? pair.key : mutateText(random, pair.key, pair.cert);
        return {
          input: { cert, key },
          check: () => {
            try {
              checkKeyPair({ cert, key }, { cert: 'CERT', key: 'KEY' });
            } catch (error) {
              if (!(error instanceof KeyPairError)) throw error;
              assert.match(error.message, /^(CERT|KEY) /);
            }
          },
        };
      },
    };
  },
};

const settings: readonly (readonly [key: string, env: string, values: readonly unknown[]])[] = [
  [
    'listen',
    'UAPID_LISTEN',
    ['http://127.0.0.1:2082', 'https://[::1]:0', ['http://localhost:1'], 'https://0.0.0.0:2083'],
  ],
  ['stateDir', 'UAPID_STATE_DIR', ['/var/lib/uapid', 'state']],
  ['logLevel', 'UAPID_LOG_LEVEL', ['info', 'silent']],
  ['processSource', 'UAPID_PROCESS_SOURCE', ['procfs', 'ps-list']],
  ['trustProxy', 'UAPID_TRUST_PROXY', ['10.0.0.0/8,::1', ['192.0.2.1']]],
  ['corsOrigins', 'UAPID_CORS_ORIGINS', ['https://a.example,http://[::1]:1', ['https://b']]],
  ['allowPlainHttp', 'UAPID_ALLOW_PLAIN_HTTP', [true, 'false', 'yes']],
  ['tlsCert', 'UAPID_TLS_CERT', ['cert.pem']],
  ['tlsKey', 'UAPID_TLS_KEY', ['key.pem']],
];

function makeConfig(random: Random) {
  const values = () =>
    random.some(4, () => {
      const [key, env, samples] = random.pick(settings);
      const sample = random.pick(samples);
      const isText = typeof sample === 'string';
      if (random.oneIn(2)) return { key, env, value: sample };
      return { key, env, value: isText ? mutateText(random, sample) : mutateValue(random, sample) };
    });
  const file = JSON.stringify(Object.fromEntries(values().map(({ key, value }) => [key, value])));
  return {
    flags: {
      ...(random.oneIn(2) ? { config: '/c.json' } : {}),
      ...Object.fromEntries(values().map(({ key, value }) => [key, value])),
    },
    env: Object.fromEntries(values().map(({ env, value }) => [env, String(value)])),
    file: random.oneIn(3) ? mutateText(random, file) : file,
  };
}

const config = pureTarget('config', 50_000, makeConfig, ({ flags, env, file }) => {
  const place = { platform: 'linux', isRoot: false, home: '/home/x', cwd: '/' };
  try {
    const loaded = loadConfig({ flags, env, readFile: () => file, exists: () => false, ...place });
    assert.ok(Object.isFrozen(loaded) && loaded.stateDir.startsWith('/'));
    for (const { host, port, url } of loaded.listen) {
      assert.ok(host !== '' && port >= 0 && port < 65_536 && URL.canParse(url), url);
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert.ok(error.faults.length > 0 && error.faults.every((fault) => fault !== ''));
  }
});

/** Files that people and commands write. */
export const files = [...stateFiles, keyPair, config];
