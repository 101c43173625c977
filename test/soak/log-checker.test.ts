import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionLine } from '../../src/session-log/log-line.ts';
import { pastSession } from '../support/history-lines.ts';
import { createHistory } from './history.ts';
import type { Change, Fact } from './log.ts';
import { checkLog, checkMoment } from './log-checker.ts';

const epochMs = 1_700_000_000_000;

function change(from: number, to: number, fact: Fact): Change {
  return { session: 1, from, to, clock: { from: epochMs + from, to: epochMs + to }, fact };
}

/** alice, connected at 10 s and gone at 20 s. */
function sessions() {
  const history = createHistory();
  history.add(
    change(10_000, 10_020, {
      kind: 'connected',
      daemon: 'pure-ftpd',
      pid: 500,
      remoteAddress: '192.0.2.7',
      remotePort: 40_000,
      localPort: 21,
    }),
  );
  history.add(change(11_000, 11_020, { kind: 'logged-in', user: 'alice', ownerUid: 1001 }));
  history.add(change(20_000, 20_030, { kind: 'ended' }));
  return [...history.all()];
}

function line(facts: Partial<SessionLine> = {}): SessionLine {
  const at = (ms: number) => new Date(epochMs + ms).toISOString();
  return pastSession(500, '01:00:00', { connected_at: at(10_000), ended_at: at(20_100), ...facts });
}

const kinds = (...lines: SessionLine[]) => checkLog(sessions(), lines).map(({ kind }) => kind);

test('a true log has no fault, and each planted one is found', () => {
  assert.deepEqual(kinds(line()), []);
  assert.deepEqual(kinds(line({ owner: null, why: { owner: 'over-too-soon' } })), []);
  assert.deepEqual(kinds(), ['missing']);
  assert.deepEqual(kinds(line(), line()), ['twice']);
  assert.deepEqual(kinds(line({ port: 1 })), ['invented', 'missing']);
  assert.deepEqual(kinds(line({ connected_at: new Date(epochMs).toISOString() })), [
    'invented',
    'missing',
  ]);
  for (const facts of [{ user: 'bob' }, { owner: 7 }, { local_port: 22 }, { daemon: 'vsftpd' }]) {
    assert.deepEqual(kinds(line(facts)), ['foreign fact'], JSON.stringify(facts));
  }
  assert.deepEqual(kinds(line({ owner: null })), ['foreign fact']);
  const unknown = {
    address: null,
    port: null,
    why: { address: 'not-in-record', port: 'not-in-record' },
  } as const;
  assert.deepEqual(kinds(line(unknown)), []);
  assert.deepEqual(kinds(line({ ...unknown, pid: 501 })), ['invented', 'missing']);
  const late = new Date(epochMs + 22_000).toISOString();
  assert.deepEqual(kinds(line({ ended_at: late })), ['wrong time']);
  assert.deepEqual(kinds(line({ ended_at: null })), ['wrong time']);
});

test('who is named for a moment was connected, and who was is named', () => {
  const at = (moment: number, ...lines: SessionLine[]) =>
    checkMoment(sessions(), lines, epochMs + moment).map(({ detail }) => detail);
  assert.deepEqual(at(15_000, line()), []);
  assert.deepEqual(at(15_000), ['192.0.2.7 40000 is not named']);
  assert.deepEqual(at(30_000), []);
  assert.deepEqual(at(30_000, line()), ['192.0.2.7 40000 was not connected']);
});
