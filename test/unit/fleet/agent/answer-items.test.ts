import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ItemSources, itemsFor } from '../../../../src/fleet/agent/answer-items.ts';
import type { ItemsAsk, PastQuestion } from '../../../../src/fleet/messages/ask.ts';
import { item } from '../../../../src/fleet/messages/item.ts';
import type { HistoryQuery } from '../../../../src/sessions/history.ts';
import type { Scope } from '../../../../src/sessions/scope.ts';
import { pastSession } from './past-session.ts';

const envelope = {
  v: 1,
  via: 'gw1',
  nonce: 'n'.repeat(22),
  issuedAt: Date.now(),
  hosts: ['web1'],
} as const;

const question: PastQuestion = {
  users: null,
  login: null,
  from: null,
  since: null,
  until: null,
  file: null,
  session: null,
  files: false,
};

function sources(more: Partial<ItemSources> = {}) {
  const queries: HistoryQuery[] = [];
  const scopes: Scope[] = [];
  const all: ItemSources = {
    sessions: {
      snapshot: async (scope, wants) => {
        scopes.push(scope);
        assert.deepEqual(wants, { ftpAccounts: true });
        const account = {
          daemon: 'pure-ftpd',
          user: 'shop',
          type: 'sub',
          ownerUid: 2001,
          home: '/home/alice/shop',
          ownerHome: '/home/alice',
          quotaBytes: null,
        } as const;
        return {
          begunAt: 1,
          durationMs: 1,
          scanNumber: 1,
          sessions: [],
          gaps: [{ cause: 'system-user-unknown', ownerUid: null, systemUser: 'eve' }],
          daemons: [{ name: 'pure-ftpd', pid: 5, ports: [21] }],
          ftpAccounts: {
            accounts: [account],
            faults: [{ daemon: 'proftpd', fault: 'elsewhere' }],
          },
        };
      },
    },
    past: {
      read: async (query) => {
        queries.push(query);
        const file = {
          at: null,
          direction: 'upload',
          bytes: 5,
          seconds: 1,
          whole: true,
          file: '/a b',
        };
        // pure-ftpd’s log in the form of web servers does not tell how long it took.
        const untimed = { ...file, seconds: null };
        return {
          kind: 'sessions',
          sessions: [pastSession(), { ...pastSession({ id: 'second' }), files: [file, untimed] }],
          warnings: [{ code: 'history-begins', text: 'The session log begins today.' }],
        };
      },
    },
    systemUsers: {
      refresh: () => {},
      uidsOf: async () =>
        new Map([
          ['alice', 2001],
          ['alice2', 2001],
          ['toor', 0],
        ]),
    },
    ...more,
  };
  return { all, queries, scopes };
}

async function items(ask: ItemsAsk, from: ItemSources) {
  const told = await itemsFor(ask, from);
  if ('refused' in told) return told.refused;
  // What a host tells is what a gateway takes.
  return told.map((each) => Object.entries(item.parse(JSON.parse(each)))[0] ?? assert.fail());
}

const history = (users: readonly string[] | null): ItemsAsk => ({
  ...envelope,
  verb: 'history',
  question: { ...question, users },
});

describe('a host that reads its session log for a gateway', () => {
  test('looks the system users up itself, today’s names and uids, and never root’s', async () => {
    const { all, queries } = sources();
    const told = await items(history(['alice', 'alice2', 'toor', 'eve']), all);
    assert.deepEqual(queries[0]?.scope, {
      kind: 'some',
      users: [[2001, ['alice', 'alice2']]],
      logins: [],
    });
    assert.ok(Array.isArray(told));
    assert.deepEqual(
      told.flatMap(([key, value]) =>
        key === 'gap' ? [[value.cause, value.systemUser].join(' ')] : [],
      ),
      ['system-user-is-root toor', 'system-user-unknown eve'],
    );
  });

  test('reads nothing for nobody', async () => {
    const { all, queries } = sources();
    const told = await items(history(['eve']), all);
    assert.ok(Array.isArray(told));
    assert.deepEqual(
      told.map(([key]) => key),
      ['gap'],
    );
    assert.deepEqual(queries, []);
  });

  test('tells each session and each file by itself, so that no part of an answer is too long', async () => {
    const { all, queries } = sources();
    const told = await items(history(null), all);
    assert.deepEqual(queries[0]?.scope, { kind: 'everybody' });
    assert.ok(Array.isArray(told));
    assert.deepEqual(
      told.map(([key]) => key),
      ['warning', 'past', 'past', 'file', 'file'],
    );
    assert.deepEqual([told[3]?.[1].session, told[3]?.[1].file], ['second', '/a b']);
  });

  test('says why it has none to tell', async () => {
    for (const [reason, refusal] of [
      ['off', 'history-off'],
      ['no-address', 'no-address'],
      ['unreadable', 'history-unread'],
      ['too-long', 'history-slow'],
      ['busy', 'history-busy'],
    ] as const) {
      const { all } = sources({ past: { read: async () => ({ kind: 'none', reason }) } });
      assert.equal(await items(history(null), all), refusal);
    }
  });
});

test('a host tells its FTP accounts of the system users that are named, and what it cannot see', async () => {
  const { all, scopes } = sources();
  const told = await items(
    { ...envelope, verb: 'accounts', question: { users: ['alice', 'eve'] } },
    all,
  );
  assert.deepEqual(scopes, [{ kind: 'system-users', names: ['alice', 'eve'] }]);
  assert.ok(Array.isArray(told));
  assert.deepEqual(told.map(([key]) => key).sort(), ['account', 'daemon', 'fault', 'gap']);
});
