import assert from 'node:assert/strict';
import { get } from 'node:https';
import { describe, test } from 'node:test';
import { needsSandbox } from '../../support/sandbox.ts';
import { asVisitors, setScene } from './scene.ts';
import { type Credentials, ports } from './uapid-on-cpanel-ports.ts';

/** Result of UAPI, in any envelope. */
interface Result {
  readonly data: unknown;
  readonly errors: string[] | null;
  readonly metadata: { readonly paginate?: Record<string, number> };
  readonly status: number;
}

type Query = Record<string, string | number>;

describe('who knows ports 2083 and 2087, a certificate and a token', {
  skip: needsSandbox(),
}, () => {
  const scene = setScene({
    alice: { DL: 7, UL: 3, IDLE: 4 },
    bob: { DL: 4, UL: 2, IDLE: 3 },
  });

  function fetchJson(port: number, path: string, query: Query, authorization: string) {
    const { host, certificate } = scene.uapid;
    const url = new URL(`https://${host}:${port}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, `${value}`);
    return new Promise<unknown>((resolve, reject) => {
      const options = { ca: certificate, headers: { authorization }, agent: false } as const;
      const request = get(url, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
      });
      request.on('error', reject);
    });
  }

  /** The account's way. */
  async function execute({ name, token }: Credentials, func: string, query: Query = {}) {
    const authorization = `cpanel ${name}:${token}`;
    const path = `/execute/${func}`;
    return (await fetchJson(ports.account, path, query, authorization)) as Result;
  }

  /** The administrator's way, for an account. */
  async function jsonApi(query: Query): Promise<unknown> {
    const { name, token } = scene.uapid.root;
    return await fetchJson(ports.administrator, '/json-api/cpanel', query, `whm ${name}:${token}`);
  }

  async function forAccount(
    user: string,
    query: Query = {},
    module = 'Ftp',
    func = 'list_sessions',
  ) {
    const answer = await jsonApi({
      cpanel_jsonapi_user: user,
      cpanel_jsonapi_apiversion: 3,
      cpanel_jsonapi_module: module,
      cpanel_jsonapi_func: func,
      ...query,
    });
    return (answer as { result: Result }).result;
  }

  /** Both ways to alice's sessions. */
  const ways = [
    ['2083', (query: Query) => execute(scene.uapid.alice, 'Ftp/list_sessions', query)],
    ['2087', (query: Query) => forAccount('alice', query)],
  ] as const;

  for (const [port, list] of ways) {
    test(`${port}: lists the sessions, the account’s and no others`, async () => {
      const { data, errors, status } = await list({});
      assert.deepEqual([status, errors], [1, null]);
      assert.deepEqual(asVisitors(data), scene.visitors('alice'));
    });

    test(`${port}: filters them to status eq DL`, async () => {
      const query = { column: 'status', type: 'eq', term: 'DL' };
      const { data } = await list({ 'api.filter': 1, ...prefixed('api.filter_', query) });
      const downloads = scene.visitors('alice').filter(({ status }) => status === 'DL');
      assert.equal(downloads.length, 7);
      assert.deepEqual(asVisitors(data), downloads);
    });

    test(`${port}: sorts by pid descending and pages through them ten at a time`, async () => {
      const sort = prefixed('api.sort_', { column: 'pid', method: 'numeric', reverse: 1 });
      const pids: unknown[] = [];
      for (const page of [1, 2]) {
        const query = prefixed('api.paginate_', { start: page * 10 - 9, size: 10 });
        const { data, metadata } = await list({
          'api.sort': 1,
          ...sort,
          'api.paginate': 1,
          ...query,
        });
        assert.ok(Array.isArray(data));
        pids.push(data.map(({ pid }) => pid));
        assert.deepEqual(metadata.paginate, {
          total_pages: 2,
          total_results: 14,
          current_page: page,
          results_per_page: 10,
          start_result: page * 10 - 9,
        });
      }
      const expected = scene
        .visitors('alice')
        .map(({ pid }) => pid)
        .reverse();
      assert.deepEqual(pids, [expected.slice(0, 10), expected.slice(10)]);
    });
  }

  test('an administrator filters, sorts and pages everybody’s, in the other grammar', async () => {
    const { data } = await forAccount('root', {
      ...prefixed('api.filter.', {
        enable: 1,
        'a.field': 'status',
        'a.type': 'eq',
        'a.arg0': 'DL',
      }),
      ...prefixed('api.sort.', {
        enable: 1,
        'a.field': 'pid',
        'a.method': 'numeric',
        'a.reverse': 1,
      }),
      ...prefixed('api.chunk.', { enable: 1, start: 1, size: 10 }),
    });
    assert.ok(Array.isArray(data));
    const expected = scene
      .visitors()
      .filter(({ status }) => status === 'DL')
      .map(({ pid }) => pid)
      .reverse()
      .slice(0, 10);
    assert.equal(expected.length, 10);
    assert.deepEqual(
      data.map(({ pid }) => pid),
      expected,
    );
  });

  test('gets the published texts for a wrong function and a wrong module', async () => {
    const results = [
      await execute(scene.uapid.alice, 'Ftp/nope'),
      await forAccount('alice', {}, 'Ftp', 'nope'),
      await execute(scene.uapid.alice, 'Nope/list_sessions'),
      await forAccount('alice', {}, 'Nope'),
    ];
    const texts = results.map(({ status, data, metadata, errors }) => {
      assert.deepEqual([status, data, errors?.length], [0, null, 1]);
      assert.match(JSON.stringify(metadata), /^{"error_codes":\["(?:function|module)-unknown"]}$/);
      return errors?.[0] ?? '';
    });
    const unknown = 'The system could not find the function “nope” in the module “Ftp”.';
    assert.deepEqual(texts.slice(0, 2), [unknown, unknown]);
    for (const text of texts.slice(2)) {
      assert.match(text, /^Failed to load module “Nope”: .*Can't locate Cpanel\/API\/Nope\.pm in /);
    }
    const api2 = { cpanel_jsonapi_user: 'alice', cpanel_jsonapi_module: 'Ftp' };
    const answer = await jsonApi({ ...api2, cpanel_jsonapi_func: 'nope' });
    const { error } = (answer as { cpanelresult: { error: string } }).cpanelresult;
    assert.equal(error, "Could not find function 'nope' in module 'Ftp'");
  });

  test('gets the published text for a wrong account', async () => {
    const text = 'User parameter is invalid or was not supplied';
    const body = { data: { reason: text, result: '0' }, type: 'text', error: text };
    for (const user of ['nobody', '']) {
      const query = {
        cpanel_jsonapi_user: user,
        cpanel_jsonapi_module: 'Ftp',
        cpanel_jsonapi_func: 'list_sessions',
      };
      assert.deepEqual(await jsonApi({ ...query, cpanel_jsonapi_apiversion: 3 }), body);
      assert.deepEqual(await jsonApi(query), { cpanelresult: body });
    }
  });
});

function prefixed(prefix: string, query: Query): Query {
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [prefix + name, value]));
}
