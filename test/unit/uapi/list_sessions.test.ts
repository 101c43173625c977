import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCtime } from '../../../src/lib/ctime.ts';
import { everybody, ofUids, type Scope } from '../../../src/sessions/scope.ts';
import type { Snapshot } from '../../../src/sessions/session.ts';
import { buildApp } from '../../../src/worker/app.ts';
import { basic, ftpSession, snapshot, testServices } from '../../support/app.ts';

async function list(seen: Snapshot, name = 'admin') {
  const scopes: Scope[] = [];
  const sessions = {
    snapshot: async (scope: Scope) => {
      scopes.push(scope);
      return seen;
    },
  };
  const app = await buildApp(testServices({ sessions }));
  const answer = await app.inject({ url: '/Ftp/list_sessions', headers: basic(name) });
  await app.close();
  return { answer, scopes };
}

const none = 'uapid sees no FTP daemon of this server’s own that waits for connections.';

test('the answer is the contract’s envelope, byte for byte, with the keys in their order', async () => {
  const session = ftpSession({ state: 'download', title: 'pure-ftpd (DOWNLOAD)', file: 'a|"b' });
  const { answer } = await list(snapshot({ sessions: [session] }));
  const login = formatCtime(new Date(1_587_651_803_000));
  assert.equal(
    answer.body,
    '{"apiversion":3,"func":"list_sessions","module":"Ftp","result":{"data":[' +
      `{"cmdline":"pure-ftpd (DOWNLOAD)","file":"a|\\"b","host":"192.0.2.7","login":"${login}",` +
      '"pid":6735,"status":"DL","user":"alice"}],' +
      '"errors":null,"messages":null,"metadata":{"transformed":1},"status":1,"warnings":null}}',
  );
  assert.equal(answer.statusCode, 200);
  assert.match(String(answer.headers['content-type']), /^application\/json; charset="?utf-8"?$/);
});

test('each state has its status, and what nobody knows is blank', async () => {
  const sessions = [
    ftpSession({ state: 'idle' }),
    ftpSession({ state: 'download', file: 'x' }),
    ftpSession({ state: 'upload', file: null, user: null, remoteAddress: null, connectedAt: null }),
  ];
  const { answer } = await list(snapshot({ sessions }));
  const rows = answer.json().result.data;
  assert.deepEqual(
    rows.map(({ status, file }: { status: string; file: string }) => [status, file]),
    [
      ['IDLE', ''],
      ['DL', 'x'],
      ['UL', ''],
    ],
  );
  assert.deepEqual([rows[2].user, rows[2].host, rows[2].login], ['', '', '']);
});

test('a session of another protocol is left out, and the others are as they would be without it', async () => {
  const sessions = [
    ftpSession({ pid: 1 }),
    { ...ftpSession({ pid: 2 }), isUnlisted: true as const },
  ];
  const { answer } = await list(snapshot({ sessions }));
  const { data, warnings } = answer.json().result;
  assert.deepEqual([data.map(({ pid }: { pid: number }) => pid), warnings], [[1], null]);
});

test('an administrator asks for everybody’s sessions, a user for those of its uid', async () => {
  assert.deepEqual((await list(snapshot())).scopes, [everybody]);
  assert.deepEqual((await list(snapshot(), 'alice')).scopes, [ofUids([1001])]);
});

test('an account whose system user does not exist sees nothing and is told so', async () => {
  const { answer, scopes } = await list(snapshot({ sessions: [ftpSession()] }), 'ghost');
  assert.deepEqual(scopes, []);
  const { data, status, warnings } = answer.json().result;
  assert.deepEqual([data, status], [[], 1]);
  assert.match(warnings[0], /no such user/);
});

test('no daemon gives an empty list and a warning that says so', async () => {
  const { answer } = await list(snapshot({ daemons: [] }));
  const { data, warnings, status } = answer.json().result;
  assert.deepEqual([data, status, warnings], [[], 1, [none]]);
});

test('a server that hides processes is never said to run no daemon', async () => {
  const gaps = [{ cause: 'processes-hidden', ownerUid: null }] as const;
  const { answer } = await list(snapshot({ daemons: [], gaps }));
  const { warnings } = answer.json().result;
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /hides other users’ processes/);
});

test('a daemon without sessions gives an empty list without a warning', async () => {
  const { answer } = await list(snapshot());
  assert.deepEqual(answer.json().result.warnings, null);
});
