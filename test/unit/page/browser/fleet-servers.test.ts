import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  afterEvent,
  choosePage,
  missingOf,
  pageSize,
  type ServerCount,
  type Servers,
  sessionsOn,
} from '../../../../src/page/browser/fleet-servers.ts';

const well = (server: string, sessions = 0): ServerCount => ({
  server,
  state: 'answers',
  sessions,
  downloads: 0,
  uploads: 0,
  last_answer: null,
});
const gone = (server: string, state: ServerCount['state'] = 'absent'): ServerCount => ({
  server,
  state,
  sessions: null,
  downloads: null,
  uploads: null,
  last_answer: null,
});
const serversOf = (...rows: ServerCount[]): Servers =>
  new Map(rows.map((row) => [row.server, row]));
const event = (data: ServerCount[] | null, whole: boolean, left: string[] = []) => ({
  data,
  whole,
  gone: left,
  errors: null,
  messages: null,
  warnings: null,
  metadata: {},
  status: 1 as const,
});

test('an event brings the list on: all of it, or what has changed and who is gone', () => {
  const first = afterEvent(new Map(), event([well('web1', 1), well('web2', 2)], true));
  const next = afterEvent(first, event([gone('web2')], false, ['web1']));
  assert.deepEqual([...next.values()], [gone('web2')]);
  assert.deepEqual([...afterEvent(next, event([well('web3')], true)).keys()], ['web3']);
  assert.equal(afterEvent(next, event(null, true)).size, 0, 'a failure leaves nothing to look at');
});

test('every server that is missing is told by its cause, in the order of names', () => {
  const servers = serversOf(gone('web10'), well('web3'), gone('web9'), gone('web2', 'silent'));
  assert.deepEqual(
    [...missingOf(servers)].map(([cause, rows]) => [cause, rows.map(({ server }) => server)]),
    [
      ['silent', ['web2']],
      ['absent', ['web9', 'web10']],
    ],
  );
});

test('of a thousand servers a page is shown, by name or the most sessions first, and found by its name', () => {
  const servers = serversOf(
    ...Array.from({ length: 1_000 }, (_, index) => well(`web${1_000 - index}`, index)),
    gone('web5000'),
  );
  const first = choosePage(servers, { text: '', order: 'name', page: 0 });
  assert.deepEqual([first.servers.length, first.all], [pageSize, 1_000]);
  assert.deepEqual([first.first, first.last, first.isLast], [1, pageSize, false]);
  assert.equal(first.servers[0]?.server, 'web1');
  const last = choosePage(servers, { text: '', order: 'name', page: 999 });
  assert.deepEqual([last.page, last.last, last.isLast], [41, 1_000, true]);
  const most = choosePage(servers, { text: '', order: 'sessions', page: 0 });
  assert.equal(most.servers[0]?.sessions, 999);
  const found = choosePage(servers, { text: ' WEB99 ', order: 'name', page: 3 });
  assert.deepEqual([found.all, found.page, found.first], [11, 0, 1]);
  const none = choosePage(servers, { text: 'web5000', order: 'name', page: 0 });
  assert.deepEqual([none.all, none.first, none.last, none.isLast], [0, 0, 0, true]);
  assert.equal(sessionsOn(servers), 499_500);
});
