import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FtpSession, Snapshot } from '../../../src/sessions/session.ts';
import { ftpSession, snapshot, testServices } from '../../support/app.ts';
import { as, post, request, type TestServer, withServer } from '../../support/http.ts';

const list = '/execute/Ftp/list_sessions';

/** A server over a snapshot that a test can change, as a scan would. */
async function withSessions(
  run: (server: TestServer, see: (facts: Partial<Snapshot>) => void) => Promise<void>,
): Promise<void> {
  const sessions: readonly FtpSession[] = [ftpSession()];
  let seen = snapshot({ sessions });
  const services = testServices({ sessions: { snapshot: async () => seen } });
  await withServer(services, (server) =>
    run(server, (facts) => {
      seen = snapshot({ sessions, ...facts });
    }),
  );
}

const get = (server: TestServer, target: string, ...headers: string[]) =>
  server.send(request(`GET ${target}`, [as('admin'), ...headers]));

async function tagOf(server: TestServer, target = list): Promise<string> {
  const tag = (await get(server, target)).header('etag');
  assert.match(tag ?? '', /^"[\w.-]+"$/);
  return tag ?? '';
}

test('a list that is as it was is answered 304 without a body to who names its ETag', async () => {
  await withSessions(async (server, see) => {
    const tag = await tagOf(server);
    for (const field of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      // Another scan that saw the very same.
      see({});
      const answer = await get(server, list, `If-None-Match: ${field}`);
      assert.deepEqual([answer.status, answer.body], [304, ''], field);
      assert.equal(answer.header('etag'), tag);
    }
    const head = await server.send(request(`HEAD ${list}`, [as('admin'), `If-None-Match: ${tag}`]));
    assert.equal(head.status, 304);
  });
});

const changes: readonly [what: string, facts: Partial<Snapshot>][] = [
  ['a session has gone', { sessions: [] }],
  ['a session does something else', { sessions: [ftpSession({ state: 'download' })] }],
  ['something cannot be seen', { gaps: [{ cause: 'processes-hidden', ownerUid: null }] }],
];
for (const [what, facts] of changes) {
  test(`when ${what} the list has another ETag and its whole body`, async () => {
    await withSessions(async (server, see) => {
      const tag = await tagOf(server);
      see(facts);
      const answer = await get(server, list, `If-None-Match: ${tag}`);
      assert.equal(answer.status, 200);
      assert.notEqual(answer.header('etag'), tag);
      assert.equal(JSON.parse(answer.body).status, 1);
    });
  });
}

test('other arguments and another function have an ETag of their own', async () => {
  await withSessions(async (server) => {
    const targets = [list, `${list}?api.paginate=1`, '/execute/Ftp/list_transfers'];
    const tags = await Promise.all(targets.map((target) => tagOf(server, target)));
    assert.equal(new Set(tags).size, targets.length);
    const answer = await get(server, list, `If-None-Match: ${tags.slice(1).join(', ')}`);
    assert.equal(answer.status, 200);
  });
});

test('POST, a failure and what is no list have no ETag', async () => {
  await withSessions(async (server) => {
    const posted = await server.send(
      post(list, 'application/x-www-form-urlencoded', '', [as('admin'), 'If-None-Match: *']),
    );
    const failed = await get(server, `${list}?api.sort_method=x&api.sort_column=pid`);
    const port = await get(server, '/execute/Ftp/get_port', 'If-None-Match: *');
    for (const answer of [posted, failed, port]) {
      assert.deepEqual([answer.status, answer.header('etag')], [200, undefined]);
      assert.notEqual(answer.body, '');
    }
    assert.equal(JSON.parse(failed.body).status, 0);
  });
});

test('an ETag tells nothing of what others ask', async () => {
  await withSessions(async (server, see) => {
    const tag = await tagOf(server);
    // Lists that nobody has asked for yet, and a scan that begins all of them anew.
    await tagOf(server, `${list}?api.paginate=1`);
    await tagOf(server, '/execute/Ftp/list_transfers');
    see({ sessions: [] });
    await tagOf(server);
    see({});
    assert.equal(await tagOf(server), tag);
  });
});

test('without valid credentials an ETag is worth nothing', async () => {
  await withSessions(async (server) => {
    const tag = await tagOf(server);
    const answer = await server.send(request(`GET ${list}`, [`If-None-Match: ${tag}`]));
    assert.equal(answer.status, 401);
  });
});

test('each warning and each error has its code, in their order', async () => {
  await withSessions(async (server, see) => {
    see({
      gaps: [
        { cause: 'record-missing', ownerUid: null },
        { cause: 'address-unknown', ownerUid: null },
      ],
    });
    const warned = JSON.parse((await get(server, list)).body);
    assert.equal(warned.warnings.length, 2);
    assert.deepEqual(warned.metadata, {
      transformed: 1,
      warning_codes: ['record-missing', 'address-unknown'],
    });
    const paged = JSON.parse((await get(server, `${list}?api.columns=1&api.columns_0=pid`)).body);
    assert.deepEqual(paged.metadata.warning_codes, ['record-missing', 'address-unknown']);
    const failed = JSON.parse((await get(server, '/execute/Ftp/nope')).body);
    assert.deepEqual(failed.metadata, { error_codes: ['function-unknown'] });
  });
});
