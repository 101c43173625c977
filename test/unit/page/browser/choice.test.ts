import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Choice,
  choose,
  countByStatus,
  defaultChoice,
  type SortKey,
  sortKeys,
} from '../../../../src/page/browser/choice.ts';
import type { Session } from '../../../../src/page/browser/session.ts';

function session(pid: number, facts: Partial<Session> = {}): Session {
  return {
    pid,
    start: '1',
    user: 'alice',
    owner: 'alice',
    host: '192.0.2.7',
    protocol: null,
    status: 'IDLE',
    file: '',
    path: null,
    bytes_moved: null,
    bytes_total: null,
    unsent_bytes: null,
    percent: null,
    rate_bytes_per_second: null,
    started_at: `2030-11-23T12:00:0${pid}Z`,
    status_since: null,
    ...facts,
  };
}

const download = session(1, {
  status: 'DL',
  file: 'Größe.iso',
  path: '/home/alice/Images/Größe.iso',
  bytes_moved: 40,
  percent: 40,
  rate_bytes_per_second: 1000,
});
const upload = session(2, {
  user: 'bob10',
  owner: 'bob',
  host: '192.0.2.70',
  status: 'UL',
  file: 'a.txt',
  bytes_moved: 9,
  rate_bytes_per_second: 200_000,
});
const idle = session(3, { user: 'bob9', owner: 'bob', host: '2001:db8::1' });
const all = [idle, upload, download];

const pids = (choice: Partial<Choice>) =>
  choose(all, { ...defaultChoice, ...choice }).map(({ pid }) => pid);

test('at first all are there, in the order of their coming', () => {
  assert.deepEqual(pids({}), [1, 2, 3]);
});

const orders: Record<SortKey, [number[], number[]]> = {
  // Without a fleet there is none.
  server: [
    [1, 2, 3],
    [1, 2, 3],
  ],
  user: [
    [1, 3, 2],
    [2, 3, 1],
  ],
  owner: [
    [1, 2, 3],
    [2, 3, 1],
  ],
  from: [
    [1, 2, 3],
    [3, 2, 1],
  ],
  since: [
    [1, 2, 3],
    [3, 2, 1],
  ],
  status: [
    [1, 2, 3],
    [3, 2, 1],
  ],
  file: [
    [2, 1, 3],
    [1, 2, 3],
  ],
  progress: [
    [2, 1, 3],
    [1, 2, 3],
  ],
  rate: [
    [1, 2, 3],
    [2, 1, 3],
  ],
};
for (const key of sortKeys) {
  test(`sorts by ${key}: numbers as numbers, equals as they came, the unknown last either way`, () => {
    assert.deepEqual(pids({ key }), orders[key][0]);
    assert.deepEqual(pids({ key, isDescending: true }), orders[key][1]);
  });
}

const filters: [string, number[]][] = [
  ['', [1, 2, 3]],
  ['  ', [1, 2, 3]],
  ['BOB', [2, 3]],
  ['bob9', [3]],
  ['192.0.2.7', [1, 2]],
  ['größe', [1]],
  ['/images/', [1]],
  ['.*', []],
];
test('the filter finds a text in user, account, address, file and path, in any case', () => {
  for (const [text, expected] of filters) assert.deepEqual(pids({ text }), expected, text);
});

test('the status is a filter of its own, and its counts are those of the filtered', () => {
  assert.deepEqual(pids({ status: 'UL' }), [2]);
  assert.deepEqual(pids({ status: 'DL', text: 'bob' }), []);
  assert.deepEqual(countByStatus(all, ''), { ALL: 3, DL: 1, UL: 1, IDLE: 1 });
  assert.deepEqual(countByStatus(all, 'bob'), { ALL: 2, DL: 0, UL: 1, IDLE: 1 });
});
