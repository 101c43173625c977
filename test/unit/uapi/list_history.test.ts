import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type HistorySource, readAnswer } from '../../../src/session-log/history-answer.ts';
import type { HistoryQuery } from '../../../src/sessions/history.ts';
import { askHistory, createHistoryTurns } from '../../../src/uapi/Ftp/ask-history.ts';
import { testServices } from '../../support/app.ts';
import { beginOf, day, logText, pastSession } from '../../support/history-lines.ts';
import { as, request, startServer, type TestServer, withServer } from '../../support/http.ts';
import { until } from '../../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'list-history-'));
const path = join(folder, 'sessions.log');
const history: HistorySource = { read: (query) => readAnswer(path, query) };
let server: TestServer;

const [one, two, three, four] = [
  pastSession(11, '01:00:00', { end: 'ended', ended_by: 'rita' }),
  pastSession(12, '02:00:00', { owner: 1002, owner_name: 'bob', user: 'dev@bob.example' }),
  // The uid is alice's today, and was somebody else's.
  pastSession(13, '03:00:00', { owner_name: 'mallory', address: '2001:db8::7' }),
  pastSession(14, '04:00:00', {
    owner: null,
    owner_name: null,
    why: { owner: 'over-too-soon', protocol: 'not-in-record' },
  }),
];

before(async () => {
  writeFileSync(path, logText(one, two, three, four, beginOf(pastSession(15, '05:00:00'))));
  server = await startServer(testServices({ history }));
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

async function ask(query = '', name = 'admin', at = server) {
  const { body } = await at.send(request(`GET /execute/Ftp/list_history${query}`, [as(name)]));
  return JSON.parse(body);
}

async function pids(query = '', name = 'admin'): Promise<number[]> {
  const { data, errors } = await ask(query, name);
  assert.equal(errors, null);
  return data.map(({ pid }: { pid: number }) => pid);
}

test('an admin sees all that were, newest first; an account those that were its own then; a reseller its accounts’', async () => {
  assert.deepEqual(await pids(), [15, 14, 13, 12, 11]);
  assert.deepEqual(await pids('', 'alice'), [15, 11]);
  assert.deepEqual(await pids('', 'bob'), [12]);
  assert.deepEqual(await pids('', 'rita'), [15, 11]);
  const { data, warnings } = await ask('', 'ghost');
  assert.deepEqual(data, []);
  assert.match(String(warnings), /stands for the system user “ghost”/);
});

test('a row says what is known of a session, and why the rest is not', async () => {
  const { data } = await ask(`?at=${day}01:00:30Z`);
  assert.deepEqual(data, [
    {
      session: one?.id,
      daemon: 'pure-ftpd',
      pid: 11,
      start: '11',
      user: 'alice',
      owner: 'alice',
      host: '192.0.2.7',
      remote_port: 40_000,
      local_port: 21,
      protocol: null,
      started_at: `${day}01:00:00.000Z`,
      ended_at: `${day}01:01:00.000Z`,
      duration_seconds: 60,
      end: 'ended',
      ended_by: 'rita',
      transfers: null,
      bytes: null,
      transfers_by: null,
      seen: 'events',
      why: '',
    },
  ]);
  const soon = (await ask('?login=alice&at=2026-11-28T04:00:30Z')).data[0];
  assert.deepEqual([soon.owner, soon.why], [null, 'owner: over-too-soon; protocol: not-in-record']);
});

test('a line of the log with bytes that no answer can have makes no answer fail', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'list-history-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const log = join(folder, 'sessions.log');
  const file = { at: null, direction: 'upload', seconds: 1, whole: true } as const;
  const files = [
    { ...file, bytes: 1e16, file: '/made-up' },
    { ...file, bytes: 7, file: '/own' },
  ];
  const much = pastSession(21, '01:00:00', { transfers: 2, bytes: 1e16, files });
  writeFileSync(log, logText(pastSession(22, '02:00:00'), much));
  const services = testServices({ history: { read: (query) => readAnswer(log, query) } });
  await withServer(services, async (at) => {
    const { data, errors } = await ask('', 'admin', at);
    assert.equal(errors, null);
    const told = data.map((row: Record<string, unknown>) => [
      row['pid'],
      row['transfers'],
      row['bytes'],
      row['why'],
    ]);
    assert.deepEqual(told, [
      [21, 2, null, 'bytes: not-certain'],
      [22, null, null, ''],
    ]);
    const target = `/execute/Ftp/list_history_files?session=${much.id}`;
    const { body } = await at.send(request(`GET ${target}`, [as('admin')]));
    const names = JSON.parse(body).data.map((row: { file: string }) => row.file);
    assert.deepEqual(names, ['/own']);
  });
});

test('who ended a session is told to an admin and to that account, and to nobody else', async () => {
  const of = async (name: string) => {
    const { ended_by: by, end, why } = (await ask(`?at=${day}01:00:30Z`, name)).data[0];
    return [end, by, why];
  };
  assert.deepEqual(await of('rita'), ['ended', 'rita', '']);
  assert.deepEqual(await of('alice'), ['ended', null, 'ended_by: not-yours']);
});

test('logins, addresses and times are asked for as at the command line, and lists as every other', async () => {
  assert.deepEqual(await pids('?login=*@bob.example'), [12]);
  assert.deepEqual(await pids('?from=2001:db8::/32'), [13]);
  assert.deepEqual(await pids(`?since=${day}03:30:00Z`), [15, 14]);
  assert.deepEqual(await pids(`?until=${day}01:30:00Z&login=`), [11]);
  const page = 'api.sort_column=started_at&api.paginate=1&api.paginate_size=2&api.paginate_page=1';
  assert.deepEqual(await pids(`?${page}`), [11, 12]);
  assert.deepEqual(await pids('?api.filter_column=owner&api.filter_term=mallory'), [13]);
  assert.deepEqual((await ask('?api.columns=1&api.columns_1=pid&from=2001:db8::7')).data, [
    { pid: 13 },
  ]);
});

test('what makes no sense is refused', async () => {
  for (const [query, text] of [
    ['since=yesterday', /The argument “since” is no time: write it as 2d/],
    ['at=1h&since=2h', /“at” goes without/],
    ['since=1h&until=2h', /“until” is before “since”/],
    ['from=192.0.2', /“from” is no IP address/],
    ['login=a*b', /“login” is no FTP login/],
  ] as const) {
    const { status, errors, metadata } = await ask(`?${query}`);
    assert.match(String(errors), text);
    assert.deepEqual([status, metadata.error_codes], [0, ['argument-invalid']]);
  }
});

test('without a log, or with one that cannot be read, it is an error and no empty list', async () => {
  await withServer(testServices(), async (without) => {
    const { data, errors, metadata } = await ask('', 'admin', without);
    assert.deepEqual([data, metadata.error_codes], [null, ['history-off']]);
    assert.match(String(errors), /keeps no session log/);
  });
  for (const [reason, code] of [
    ['off', 'history-off'],
    ['unreadable', 'history-unread'],
    ['too-long', 'history-unread'],
    ['busy', 'too-busy'],
  ] as const) {
    const failing = { read: async () => ({ kind: 'none', reason }) as const };
    await withServer(testServices({ history: failing }), async (at) => {
      const { data, metadata } = await ask('', 'admin', at);
      assert.deepEqual([data, metadata.error_codes], [null, [code]]);
    });
  }
});

test('an account without the feature, and a server without the role, have no history', async () => {
  assert.match(String((await ask('', 'plain')).errors), /do not have the feature “ftpaccts”/);
  const services = testServices({ history, roles: { isEnabled: () => false } });
  await withServer(services, async (at) => {
    assert.match(String((await ask('', 'admin', at)).errors), /the FTP role is disabled/);
  });
});

test('an account’s calls read the log one after the other; another’s are read beside them', async () => {
  const held: (() => void)[] = [];
  const asked: HistoryQuery[] = [];
  const slow: HistorySource = {
    read: async (query) => {
      asked.push(query);
      await new Promise<void>((resolve) => {
        held.push(resolve);
      });
      return readAnswer(path, query);
    },
  };
  await withServer(testServices({ history: slow }), async (at) => {
    const calls = Array.from({ length: 5 }, () => ask('', 'alice', at));
    await until(() => asked.length === 1, { what: 'one reads' });
    await ask('?since=yesterday', 'alice', at);
    assert.equal(asked.length, 1);
    const bob = ask('', 'bob', at);
    await until(() => asked.length === 2, { what: 'another account reads beside it' });
    const all = Promise.all([...calls, bob]);
    let isDone = false;
    void all.then(() => {
      isDone = true;
    });
    const goOn = () => {
      for (const resolve of held.splice(0)) resolve();
      return isDone;
    };
    await until(goOn, { what: 'all are answered' });
    const statuses = (await all).map(({ status }) => status);
    assert.deepEqual(statuses, [1, 1, 1, 1, 1, 1]);
    assert.equal(asked.length, 6);
  });
});

test('sessions are found by a text in a path, and the files of one are told to whose it is', async () => {
  const file = (name: string) => ({
    at: `${day}07:00:30.000Z`,
    direction: 'upload' as const,
    bytes: 500,
    seconds: 1,
    whole: name !== '/home/alice/broken',
    file: name,
  });
  const last = pastSession(22, '07:00:00', {
    transfers: 3,
    bytes: 1_500,
    transfers_by: 'session-id',
    files: [file('/home/alice/index "one".php'), file('/home/alice/broken')],
  });
  // Of very many files the first come before the end.
  const first = {
    ...last,
    event: 'files' as const,
    ended_at: null,
    files: [file('/home/alice/0')],
  };
  const bobs = pastSession(23, '07:00:00', { owner: 1002, owner_name: 'bob', files: [file('/b')] });
  writeFileSync(path, logText(first, pastSession(21, '06:00:00'), bobs, last));
  assert.deepEqual(await pids('?file=index%20%22one%22'), [22]);
  assert.deepEqual(await pids('?file=alice/0'), [22]);
  assert.deepEqual(await pids('?file=/b'), [22, 23]);
  assert.deepEqual(await pids('?file=/b', 'bob'), [23]);
  const files = async (session: string, name: string) => {
    const target = `GET /execute/Ftp/list_history_files?session=${session}`;
    const { data } = JSON.parse((await server.send(request(target, [as(name)]))).body);
    return data.map((row: { file: string; complete: number }) => `${row.file} ${row.complete}`);
  };
  const all = ['/home/alice/0 1', '/home/alice/index "one".php 1', '/home/alice/broken 0'];
  assert.deepEqual(await files(last.id, 'alice'), all);
  assert.deepEqual(await files(last.id, 'admin'), all);
  assert.deepEqual(await files(last.id, 'bob'), []);
  assert.deepEqual(await files(bobs.id, 'bob'), ['/b 1']);
  assert.deepEqual(await files('none', 'bob'), []);
  const { data, metadata } = await ask('?file=b&at=yesterday', 'bob');
  assert.deepEqual([data, metadata.error_codes], [null, ['argument-invalid']]);
});

test('answers that nobody takes are so many for an account, whose next call waits until one is taken, and not for ever', async () => {
  const turns = createHistoryTurns(200);
  const unread = new Set([1, 2, 3, 4]);
  const context = (by: string, unsentBytes: () => number) =>
    ({
      account: { name: by, role: 'admin' },
      by,
      host: { history },
      kept: turns,
      unsentBytes,
    }) as unknown as Parameters<typeof askHistory>[0];
  const wish = { login: null, from: null, since: null, until: null };
  for (const each of unread) {
    await askHistory(
      context('alice', () => Number(unread.has(each))),
      wish,
    );
  }
  const ask = (by: string) =>
    askHistory(
      context(by, () => 0),
      wish,
    );
  await assert.rejects(ask('alice'), { code: 'too-busy' });
  assert.ok(await ask('bob'));
  const asked = ask('alice');
  // It has found by then that there is no room.
  setTimeout(() => unread.delete(2), 60);
  assert.ok(await asked);
});

test('calls at once that nobody takes the answers of are so many, too', async () => {
  const wide = pastSession(11, '01:00:00', { user: 'x'.repeat(4_000) });
  // More than the system's buffers of a connection hold.
  const sessions = Array.from({ length: 3_000 }, () => wide);
  let waiting = 0;
  const big: HistorySource = {
    read: async () => {
      await until(() => waiting === 10, { what: 'all have come' });
      return { kind: 'sessions', sessions, warnings: [] };
    },
  };
  const services = testServices({ history: big });
  const uidOf: typeof services.systemUsers.uidOf = async (name) => {
    waiting += 1;
    return services.systemUsers.uidOf(name);
  };
  const systemUsers = { ...services.systemUsers, uidOf };
  await withServer({ ...services, systemUsers }, async ({ port }) => {
    const clients = Array.from({ length: 10 }, () => connect(port, '127.0.0.1'));
    const begins = clients.map(async (client) => {
      client.write(request('GET /execute/Ftp/list_history', [as('alice')]));
      await once(client, 'readable');
      return String(client.read());
    });
    const refused = (await Promise.all(begins)).filter((text) => text.includes('too-busy'));
    for (const client of clients) client.destroy();
    assert.equal(refused.length, 6);
  });
});
