import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noDetails } from '../../../src/collector/details.ts';
import type { Scope } from '../../../src/sessions/scope.ts';
import type { FtpSession, Snapshot, SnapshotWants } from '../../../src/sessions/session.ts';
import { ftpSession, snapshot, testServices } from '../../support/app.ts';
import { as, request, type TestServer, withServer } from '../../support/http.ts';

const connectedAt = 1_587_651_803;
const begunAt = (connectedAt + 100) * 1000 + 400;

const download = ftpSession({
  pid: 1,
  state: 'download',
  file: 'big.bin',
  path: '/home/alice/big.bin',
  command: 'RETR big.bin',
  protocol: 'ftps',
  bytesMoved: 503_000,
  bytesSkipped: 3_000,
  bytesTotal: 1_000_000,
  transferStartedAt: connectedAt + 50,
  lastTransferStartedAt: connectedAt + 50,
  idleSince: null,
});
const upload = ftpSession({
  pid: 2,
  ownerUid: 1002,
  user: 'dev@bob.example',
  state: 'upload',
  file: 'up.bin',
  path: null,
  protocol: 'ftp',
  bytesMoved: 500,
  bytesSkipped: 0,
  transferStartedAt: connectedAt + 99,
  lastTransferStartedAt: connectedAt + 99,
  idleSince: null,
});
const idle = ftpSession({ pid: 3, ownerUid: 4711 });
const unknown = ftpSession({
  pid: 4,
  user: null,
  remoteAddress: null,
  remotePort: null,
  localPort: null,
  state: 'upload',
  file: null,
  path: null,
  connectedAt: null,
  lastTransferStartedAt: null,
  idleSince: null,
});

async function ask(server: TestServer, query = '', name = 'admin') {
  const target = `GET /execute/Ftp/list_transfers${query}`;
  const { body } = await server.send(request(target, [as(name)]));
  return JSON.parse(body);
}

function serve<T>(
  seen: (scope: Scope) => Snapshot,
  use: (server: TestServer) => Promise<T>,
): Promise<T> {
  const sessions = { snapshot: async (scope: Scope) => seen(scope) };
  return withServer(testServices({ sessions }), use);
}

test('details are asked for by this list alone, and told beside their sessions', async () => {
  const asked: (SnapshotWants | undefined)[] = [];
  const details = [{ ...noDetails, directory: '/a "b"' }, noDetails];
  const seen = { begunAt, sessions: [download, idle], details };
  const sessions = {
    snapshot: async (_scope: Scope, wants?: SnapshotWants) => {
      asked.push(wants);
      return snapshot(seen);
    },
  };
  await withServer(testServices({ sessions }), async (server) => {
    const { data } = await ask(server);
    assert.deepEqual(
      data.map(({ directory, command }: Record<string, unknown>) => [directory, command]),
      [
        ['/a "b"', 'RETR big.bin'],
        [null, null],
      ],
    );
    await server.send(request('GET /execute/Ftp/list_sessions', [as('admin')]));
  });
  assert.deepEqual(asked, [{ details: true }, undefined]);
});

const all = (sessions: readonly FtpSession[]) => () => snapshot({ begunAt, sessions });

test('a row tells of a download what is known, in this order and these units', async () => {
  const { data, status, warnings, metadata } = await serve(all([download]), (s) => ask(s));
  assert.deepEqual([status, warnings, metadata], [1, null, { transformed: 1 }]);
  assert.equal(
    JSON.stringify(data),
    '[{"pid":1,"start":"1","user":"alice","owner":"alice","container":null,"host":"192.0.2.7",' +
      '"remote_port":40000,"local_port":21,"protocol":"ftps","status":"DL","file":"big.bin","path":"/home/alice/big.bin",' +
      '"directory":null,"command":"RETR big.bin",' +
      '"bytes_moved":503000,"bytes_total":1000000,"unsent_bytes":null,"percent":50.3,"rate_bytes_per_second":10020,' +
      '"connected_seconds":100,"status_seconds":50,"started_at":"2020-04-23T14:23:23Z",' +
      '"status_since":"2020-04-23T14:24:13Z"}]',
  );
});

test('what nobody knows is null, and what does not apply to an idle session is blank or null', async () => {
  const { data } = await serve(all([idle, unknown]), (s) => ask(s));
  const [waiting, mystery] = data;
  const { status, file, path, bytes_moved, percent, rate_bytes_per_second } = waiting;
  assert.deepEqual([status, file, path], ['IDLE', '', '']);
  assert.deepEqual([bytes_moved, percent, rate_bytes_per_second], [null, null, null]);
  assert.deepEqual([waiting.connected_seconds, waiting.status_seconds], [100, 100]);
  const known = { pid: 4, start: '1', owner: 'alice', status: 'UL' };
  for (const [column, value] of Object.entries(mystery)) {
    assert.equal(value, known[column as keyof typeof known] ?? null, column);
  }
});

test('the owner is a system user’s name, and the uid where it has none', async () => {
  const { data } = await serve(all([download, upload, idle]), (s) => ask(s));
  assert.deepEqual(
    data.map(({ owner }: { owner: string }) => owner),
    ['alice', 'bob', '4711'],
  );
});

test('the rate is that since the last scan for the same account', async () => {
  let looks = 0;
  const moving = () => {
    const session = { ...download, bytesMoved: 503_000 + looks * 10_000 };
    const seen = snapshot({ begunAt: begunAt + looks * 5_000, sessions: [session] });
    looks += 1;
    return seen;
  };
  await serve(moving, async (server) => {
    const rate = async (name: string) =>
      (await ask(server, '', name)).data[0].rate_bytes_per_second;
    const over = 10_020;
    assert.equal(await rate('admin'), over);
    assert.equal(await rate('admin'), 2_000);
    // Its first scan: whoever looked before is none of its business.
    const first = await rate('alice');
    assert.ok(first > 8_000 && first < over, String(first));
    assert.equal(await rate('alice'), 2_000);
  });
});

test('who looks at the same time gets the same rows', async () => {
  const seen = snapshot({ begunAt, sessions: [download, upload, idle] });
  await serve(
    () => seen,
    async (server) => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(server)));
      for (const answer of answers) assert.deepEqual(answer, answers[0]);
    },
  );
});

test('filters, sorts and pages work on the columns', async () => {
  await serve(all([download, upload, idle, unknown]), async (server) => {
    const pids = async (query: string) => {
      const { data, errors } = await ask(server, `?${query}`);
      assert.equal(errors, null);
      return data.map(({ pid }: { pid: number }) => pid);
    };
    const filter = (column: string, type: string, term: string) =>
      pids(`api.filter_column=${column}&api.filter_type=${type}&api.filter_term=${term}`);
    assert.deepEqual(await filter('protocol', 'eq', 'ftps'), [1]);
    assert.deepEqual(await filter('protocol', 'undefined', ''), [3, 4]);
    assert.deepEqual(await filter('percent', 'gt', '50'), [1]);
    assert.deepEqual(await filter('percent', 'lt', '50'), []);
    assert.deepEqual(await filter('bytes_moved', 'lt', '1000'), [2]);
    assert.deepEqual(await filter('owner', 'eq', 'alice'), [1, 4]);
    assert.deepEqual(await filter('path', 'contains', 'BIG'), [1]);
    assert.deepEqual(await filter('started_at', 'begins', '2020-04-23'), [1, 2, 3]);
    const sorted = (column: string, more = '') =>
      pids(`api.sort_column=${column}&api.sort_method=numeric${more}`);
    assert.deepEqual(await sorted('bytes_moved'), [2, 1, 3, 4]);
    assert.deepEqual(await sorted('bytes_moved', '&api.sort_reverse=1'), [1, 2, 3, 4]);
    assert.deepEqual(await sorted('status_seconds'), [2, 1, 3, 4]);
    assert.deepEqual(await sorted('rate_bytes_per_second'), [1, 2, 3, 4]);
    assert.deepEqual(await sorted('bytes_moved', '&api.paginate_size=1&api.paginate=1'), [2]);
    const { data } = await ask(server, '?api.columns_0=percent&api.columns_1=pid');
    assert.deepEqual(data[0], { pid: 1, percent: 50.3 });
  });
});

test('warnings are those of list_sessions', async () => {
  const gaps = [{ cause: 'file-unknown', ownerUid: 1001 }] as const;
  const seen = snapshot({ begunAt, sessions: [unknown], gaps });
  await serve(
    () => seen,
    async (server) => {
      const sessions = await server.send(request('GET /execute/Ftp/list_sessions', [as('admin')]));
      assert.deepEqual((await ask(server)).warnings, JSON.parse(sessions.body).warnings);
      assert.match((await ask(server)).warnings[0], /file in transfer is not known/);
    },
  );
  const { data, warnings } = await serve(all([download]), (s) => ask(s, '', 'ghost'));
  assert.deepEqual(data, []);
  assert.match(warnings[0], /no such user/);
});

test('an account without the feature is told so', async () => {
  const { status, errors } = await serve(all([download]), (s) => ask(s, '', 'plain'));
  assert.deepEqual([status, errors], [0, ['You do not have the feature “ftpaccts”.']]);
});
