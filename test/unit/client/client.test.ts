import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type components, createUapidClient } from 'uapid/client';
import { clientTypes } from '../../../build/write-client-types.ts';
import { testServices, tokenOf } from '../../support/app.ts';
import { startServer, type TestServer } from '../../support/http.ts';
import { twoSessions } from '../../support/http-sessions.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

let server: TestServer;
before(async () => {
  const sessionEnder = { end: async () => [] };
  server = await startServer(testServices({ sessions: twoSessions, sessionEnder }));
});
after(() => server.close());

const clientOf = (user: string, token = tokenOf(user)) =>
  createUapidClient({ baseUrl: `http://127.0.0.1:${server.port}`, user, token });

test('its types are what the OpenAPI document says (else run: npm run openapi)', async () => {
  assert.equal(readFileSync(`${root}/src/client/schema.ts`, 'utf8'), await clientTypes(root));
});

test('lists, filters and picks, with the types of the rows', async () => {
  const { data } = await clientOf('admin').GET('/execute/Ftp/list_sessions', {
    params: { query: { 'api.filter_column': 'user', 'api.filter_term': 'bob' } },
  });
  const rows: components['schemas']['FtpSession'][] = data?.data ?? [];
  const pids: number[] = rows.map(({ pid }) => pid);
  assert.deepEqual(pids, [7001]);
  const own = await clientOf('alice').GET('/execute/Ftp/list_sessions');
  assert.deepEqual(
    own.data?.data?.map(({ user, status }) => [user, status]),
    [['alice', 'IDLE']],
  );
});

test('what is no path, parameter, method or column of the document does not compile', () => {
  const wrong = [
    // @ts-expect-error no such function
    () => clientOf('alice').GET('/execute/Ftp/list_everything'),
    () =>
      clientOf('alice').GET('/execute/Ftp/list_sessions', {
        // @ts-expect-error no such way to sort
        params: { query: { 'api.sort_method': 'random' } },
      }),
    // @ts-expect-error the login is a POST
    () => clientOf('alice').GET('/login'),
    async () => {
      const { data } = await clientOf('alice').GET('/execute/Ftp/list_sessions');
      // @ts-expect-error no such column
      return data?.data?.[0]?.password;
    },
  ];
  assert.equal(wrong.length, 4);
});

test('a wrong token is an error with the server’s text, and without the token', async () => {
  const { data, error, response } = await clientOf('alice', 'not-the-token').GET(
    '/execute/Ftp/list_sessions',
  );
  assert.deepEqual([data, response.status], [undefined, 401]);
  assert.match(error?.errors?.join() ?? '', /credentials/);
  assert.doesNotMatch(JSON.stringify(error), /not-the-token/);
});

test('calls what ends sessions, and is told what failed', async () => {
  const client = clientOf('alice');
  const ended = await client.POST('/execute/Ftp/kill_session', { body: { login: 'alice' } });
  assert.deepEqual([ended.data?.status, ended.data?.errors], [1, null]);
  const failed = await client.POST('/execute/Ftp/end_session', { body: { pid: '1', start: '1' } });
  assert.equal(failed.data?.status, 0);
  assert.match(failed.data?.errors?.join() ?? '', /no such FTP session/);
});
