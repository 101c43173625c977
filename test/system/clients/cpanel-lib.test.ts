import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createClient } from 'cpanel-lib';
import { needsSandbox } from '../../support/sandbox.ts';
import { asVisitors, setScene } from './scene.ts';
import { type Credentials, ports } from './uapid-on-cpanel-ports.ts';

type Arguments = Record<string, string | number>;

interface Flat {
  readonly data: unknown;
  readonly errors: unknown;
  readonly metadata: Record<string, unknown>;
  readonly status: unknown;
}

interface Api2 {
  readonly cpanelresult: {
    readonly data: unknown;
    readonly error?: unknown;
    readonly event?: unknown;
  };
}

describe('cpanel-lib 0.0.5, unmodified', { skip: needsSandbox() }, () => {
  const scene = setScene();

  function clientOf(
    { name, password, token }: Credentials,
    port: number,
    by: 'password' | 'token',
  ) {
    return createClient({
      host: scene.uapid.host,
      port,
      username: name,
      ...(by === 'token' ? { accessKey: token } : { password }),
      ignoreCertError: true,
    });
  }

  type Client = ReturnType<typeof createClient>;

  function uapi(client: Client, func: string, args: Arguments = {}, module = 'Ftp'): Promise<Flat> {
    return new Promise((resolve, reject) => {
      client.callUapi(module, func, args, (error, answer) =>
        error === null ? resolve(answer as Flat) : reject(error),
      );
    });
  }

  function api2(client: Client, func: string, user: string, args: Arguments = {}): Promise<Api2> {
    return new Promise((resolve, reject) => {
      client.callApi2('Ftp', func, args, user, (error, answer) =>
        error === null ? resolve(answer as Api2) : reject(error),
      );
    });
  }

  const asAlice = () => clientOf(scene.uapid.alice, ports.account, 'password');
  const asRoot = () => clientOf(scene.uapid.root, ports.administrator, 'token');

  test('/execute with a password lists the account’s sessions', async () => {
    const { data, errors, status } = await uapi(asAlice(), 'list_sessions');
    assert.deepEqual([status, errors], [1, null]);
    assert.deepEqual(asVisitors(data), scene.visitors('alice'));
  });

  test('/execute with an administrator’s token lists everybody’s', async () => {
    for (const port of Object.values(ports)) {
      const { data } = await uapi(clientOf(scene.uapid.root, port, 'token'), 'list_sessions');
      assert.deepEqual(asVisitors(data), scene.visitors());
    }
  });

  test('/execute filters, sorts and pages', async () => {
    const client = clientOf(scene.uapid.root, ports.account, 'token');
    const { data, metadata } = await uapi(client, 'list_sessions', {
      'api.filter': 1,
      'api.filter_column': 'status',
      'api.filter_type': 'ends',
      'api.filter_term': 'L',
      'api.sort': 1,
      'api.sort_column': 'pid',
      'api.sort_method': 'numeric',
      'api.sort_reverse': 1,
      'api.paginate': 1,
      'api.paginate_start': 2,
      'api.paginate_size': 2,
    });
    assert.ok(Array.isArray(data));
    assert.deepEqual(
      data.map(({ pid }) => pid),
      scene
        .visitors()
        .filter(({ status }) => status !== 'IDLE')
        .map(({ pid }) => pid)
        .reverse()
        .slice(1, 3),
    );
    assert.equal(metadata['records_before_filter'], scene.visitors().length);
  });

  test('API 2 with a password lists the account’s sessions, every value a text', async () => {
    const { cpanelresult } = await api2(asAlice(), 'listftpsessions', 'alice');
    assert.deepEqual(cpanelresult.event, { result: 1 });
    assert.deepEqual(asVisitors(cpanelresult.data, 'string'), scene.visitors('alice'));
  });

  test('API 2 with an administrator’s token lists those of the account that it names', async () => {
    for (const [user, expected] of [
      ['alice', scene.visitors('alice')],
      ['bob', scene.visitors('bob')],
      ['root', scene.visitors()],
    ] as const) {
      const { cpanelresult } = await api2(asRoot(), 'listftpsessions', user);
      assert.deepEqual(asVisitors(cpanelresult.data, 'string'), expected);
    }
  });

  test('API 2 does not let an account name another', async () => {
    const { cpanelresult } = await api2(asAlice(), 'listftpsessions', 'bob');
    assert.deepEqual(asVisitors(cpanelresult.data, 'string'), scene.visitors('alice'));
  });

  test('a wrong password or token is an error on either way', async () => {
    const wrong = { ...scene.uapid.alice, password: 'wrong', token: 'wrong' };
    const flat = await uapi(clientOf(wrong, ports.account, 'password'), 'list_sessions');
    assert.deepEqual([flat.status, flat.data], [0, null]);
    assert.equal((flat.errors as string[]).length, 1);
    for (const by of ['password', 'token'] as const) {
      const client = clientOf(wrong, ports.administrator, by);
      const { cpanelresult } = await api2(client, 'listftpsessions', 'alice');
      assert.equal(cpanelresult.error, 'Access denied');
      assert.deepEqual(cpanelresult.data, { reason: 'Access denied', result: '0' });
    }
  });

  test('a wrong function, module or account is an error', async () => {
    assert.deepEqual((await uapi(asAlice(), 'nope')).errors, [
      'The system could not find the function “nope” in the module “Ftp”.',
    ]);
    const module = await uapi(asAlice(), 'list_sessions', {}, 'Nope');
    assert.match(String(module.errors), /^Failed to load module “Nope”: /);
    const func = await api2(asRoot(), 'nope', 'alice');
    assert.equal(func.cpanelresult.error, "Could not find function 'nope' in module 'Ftp'");
    const user = await api2(asRoot(), 'listftpsessions', 'nobody');
    assert.equal(user.cpanelresult.error, 'User parameter is invalid or was not supplied');
  });
});
