import assert from 'node:assert/strict';
import https from 'node:https';
import { before, describe, test } from 'node:test';
import { type Call, UAPI, WHM } from 'cpanel-rest-api';
import { needsSandbox } from '../../support/sandbox.ts';
import { asVisitors, setScene } from './scene.ts';
import type { Credentials } from './uapid-on-cpanel-ports.ts';

describe('cpanel-rest-api 0.1.1, unmodified', { skip: needsSandbox() }, () => {
  const scene = setScene();

  before(() => {
    // The client has no setting for it; it uses the process' own agent.
    https.globalAgent.options.ca = scene.uapid.certificate;
  });

  /** By WHM’s form, to the hard-wired port 2087. */
  function whmOf({ name, token }: Credentials): WHM {
    return new WHM({ host: scene.uapid.host, username: name, accessKey: token });
  }

  /** By /execute, to the hard-wired port 2083. */
  async function execute({ name, password }: Credentials, call: Call): Promise<unknown> {
    const uapi = new UAPI({ host: scene.uapid.host, username: name, password });
    // It refuses plain objects (its condition is the wrong way round), so this is none.
    return await uapi.api(Object.create(call));
  }

  async function api2(credentials: Credentials, user: string): Promise<Api2Result> {
    const answer = await whmOf(credentials).api({
      action: 'cpanel',
      params: {
        cpanel_jsonapi_user: user,
        cpanel_jsonapi_apiversion: 2,
        cpanel_jsonapi_module: 'Ftp',
        cpanel_jsonapi_func: 'listftpsessions',
      },
    });
    return (answer as { cpanelresult: Api2Result }).cpanelresult;
  }

  interface Api2Result {
    readonly data: unknown;
    readonly error?: string;
  }

  const list: Call = { module: 'Ftp', func: 'list_sessions' };

  test('/execute with a password lists the account’s sessions', async () => {
    const rows = await execute(scene.uapid.alice, list);
    assert.deepEqual(asVisitors(rows), scene.visitors('alice'));
    assert.deepEqual(asVisitors(await execute(scene.uapid.root, list)), scene.visitors());
  });

  test('API 2 with an administrator’s token lists those of the account that it names', async () => {
    for (const user of ['alice', 'bob']) {
      const { data } = await api2(scene.uapid.root, user);
      assert.deepEqual(asVisitors(data, 'string'), scene.visitors(user));
    }
  });

  test('an administrator’s token lists an account’s sessions by UAPI', async () => {
    for (const user of ['alice', 'bob']) {
      const rows = await whmOf(scene.uapid.root).uapi(user).api(list);
      assert.deepEqual(asVisitors(rows), scene.visitors(user));
    }
  });

  test('the same by uapi_cpanel', async () => {
    const answer = await whmOf(scene.uapid.root).api({
      action: 'uapi_cpanel',
      params: { 'cpanel.user': 'bob', 'cpanel.module': 'Ftp', 'cpanel.function': 'list_sessions' },
    });
    const { data } = (answer as { uapi: { data: unknown } }).uapi;
    assert.deepEqual(asVisitors(data), scene.visitors('bob'));
  });

  test('filters, sorts and pages on either way', async () => {
    const params = {
      'api.filter_column': 'status',
      'api.filter_type': 'ends',
      'api.filter_term': 'L',
      'api.sort_column': 'pid',
      'api.sort_method': 'numeric',
      'api.sort_reverse': 1,
      'api.paginate': 1,
      'api.paginate_size': 1,
      'api.paginate_page': 2,
    };
    const call = { ...list, params };
    const expected = scene
      .visitors('alice')
      .filter(({ status }) => status !== 'IDLE')
      .map(({ pid }) => pid)
      .reverse()
      .slice(1, 2);
    for (const rows of [
      await execute(scene.uapid.alice, call),
      await whmOf(scene.uapid.root).uapi('alice').api(call),
    ]) {
      assert.ok(Array.isArray(rows));
      assert.deepEqual(
        rows.map(({ pid }) => pid),
        expected,
      );
    }
  });

  test('a wrong password or token rejects', async () => {
    const wrong = { ...scene.uapid.alice, password: 'wrong', token: 'wrong' };
    await assert.rejects(execute(wrong, list), /status code 401/);
    await assert.rejects(whmOf(wrong).uapi('alice').api(list), /status code 403/);
    await assert.rejects(api2(wrong, 'alice'), /status code 403/);
  });

  test('an account’s token does not open the administrator’s port', async () => {
    await assert.rejects(whmOf(scene.uapid.alice).uapi('alice').api(list), /status code 403/);
  });

  test('a wrong function, module or account rejects with the server’s text', async () => {
    const unknown = 'The system could not find the function “nope” in the module “Ftp”.';
    const whm = whmOf(scene.uapid.root);
    const func = { module: 'Ftp', func: 'nope' };
    await assert.rejects(execute(scene.uapid.alice, func), { message: unknown });
    await assert.rejects(whm.uapi('alice').api(func), { message: unknown });
    const module = { module: 'Nope', func: 'list_sessions' };
    await assert.rejects(whm.uapi('alice').api(module), /^Error: Failed to load module “Nope”: /);
    await assert.rejects(whm.uapi('nobody').api(list), {
      message: 'User parameter is invalid or was not supplied',
    });
    const { error } = await api2(scene.uapid.root, 'nobody');
    assert.equal(error, 'User parameter is invalid or was not supplied');
  });
});
