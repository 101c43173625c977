import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  createSnapshotCounter,
  type SnapshotCounter,
} from '../../../src/metrics/snapshot-counter.ts';
import { everybody, ofLogins, ofUids, type Scope } from '../../../src/sessions/scope.ts';
import type { FtpSession } from '../../../src/sessions/session.ts';
import { ftpSession, snapshot } from '../../support/app.ts';

const beganAt = 1_700_000_000;

function counter() {
  const made = createSnapshotCounter(beganAt);
  const show = (sessions: readonly FtpSession[], scope: Scope = everybody) =>
    made.add(snapshot({ sessions }), scope);
  return { show, totals: () => totalsOf(made) };
}

function totalsOf({ totals }: SnapshotCounter) {
  const { logins, bytes } = totals.get('pure-ftpd') ?? { logins: -1, bytes: {} };
  return { logins, ...bytes };
}

const nothing = { logins: 0, download: 0, upload: 0 };

function someone(facts: Partial<FtpSession> = {}): FtpSession {
  return ftpSession({ connectedAt: beganAt + 1, ...facts });
}

function transfer(state: 'download' | 'upload', bytesMoved: number, facts = {}): FtpSession {
  const transferStartedAt = beganAt + 2;
  return someone({ state, file: 'f', bytesMoved, transferStartedAt, ...facts });
}

describe('logins', () => {
  test('are counted once each, however often they are seen and whatever they do', () => {
    const { show, totals } = counter();
    show([someone({ pid: 1 })]);
    show([someone({ pid: 1 }), someone({ pid: 2 })]);
    show([transfer('upload', 5, { pid: 1 }), someone({ pid: 2 })]);
    assert.equal(totals().logins, 2);
  });

  test('that were there before the count began are none of it', () => {
    const { show, totals } = counter();
    show([someone({ connectedAt: beganAt - 1 }), someone({ pid: 2, connectedAt: null })]);
    assert.equal(totals().logins, 1);
  });

  test('are told apart by pid and start: one that has the pid of another is new', () => {
    const { show, totals } = counter();
    for (const startTime of ['1', '2', '2', '3']) show([someone({ startTime })]);
    assert.equal(totals().logins, 3);
  });

  test('of one owner are not forgotten because others were asked for', () => {
    const { show, totals } = counter();
    const alice = someone({ pid: 1, ownerUid: 1001 });
    const bob = someone({ pid: 2, ownerUid: 1002 });
    show([alice, bob]);
    show([bob], ofUids([1002]));
    show([], ofUids([]));
    show([{ ...alice }], ofUids([1001]));
    show([{ ...alice }, { ...bob }]);
    assert.equal(totals().logins, 2);
  });
});

describe('bytes', () => {
  test('are those by which a transfer has moved on, by direction', () => {
    const { show, totals } = counter();
    const at = (download: number, upload: number) => [
      transfer('download', download, { pid: 1 }),
      transfer('upload', upload, { pid: 2 }),
    ];
    show(at(0, 50));
    show(at(100, 50));
    show(at(130, 57));
    assert.deepEqual(totals(), { logins: 2, download: 130, upload: 7 });
  });

  test('that a transfer had when it was first seen do not count: REST may have skipped them', () => {
    const { show, totals } = counter();
    show([transfer('download', 1_000_000)]);
    show([transfer('download', 1_000_010)]);
    assert.equal(totals().download, 10);
  });

  test('never go back, whatever follows a transfer', () => {
    for (const next of [
      someone(),
      transfer('download', 5),
      transfer('upload', 900),
      transfer('download', 900, { file: 'other' }),
      transfer('download', 900, { transferStartedAt: beganAt + 9 }),
      transfer('download', 900, { startTime: '2' }),
      // Of the same file in the same second, continued elsewhere: REST skipped what is more.
      transfer('download', 900, { bytesSkipped: 800 }),
      someone({ state: 'download', file: null, bytesMoved: null }),
    ]) {
      const { show, totals } = counter();
      show([transfer('download', 100)]);
      show([next]);
      assert.deepEqual([totals().download, totals().upload], [0, 0], JSON.stringify(next));
    }
  });

  test('of any sequence of scans are as many as the scans of each transfer differ by', () => {
    const steps = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 5 }), (sequences) => {
        const { show, totals } = counter();
        const moved = sequences.map(() => 0);
        for (let look = 0; look < 50; look += 1) {
          const sessions = sequences.flatMap((sequence, pid) => {
            const step = sequence[look];
            if (step === undefined) return [];
            moved[pid] = (moved[pid] ?? 0) + step;
            return [transfer('upload', moved[pid] ?? 0, { pid: pid + 1, ownerUid: pid % 2 })];
          });
          show(sessions);
        }
        const expected = sequences.flatMap((sequence) => sequence.slice(1));
        assert.equal(
          totals().upload,
          expected.reduce((sum, step) => sum + step, 0),
        );
        assert.equal(totals().logins, sequences.length);
      }),
      { numRuns: 100 },
    );
  });
});

test('nothing is counted of nothing', () => {
  const { show, totals } = counter();
  show([]);
  assert.deepEqual(totals(), nothing);
});

test('who is gone is forgotten, whether all were asked for or his owner alone', () => {
  for (const scope of [everybody, ofUids([1001]), ofLogins(['*lice']), ofLogins(['alice'])]) {
    const { show, totals } = counter();
    const alice = someone({ ownerUid: 1001 });
    show([alice], scope);
    show([], scope);
    // Nothing but a memory of it could keep it from being counted anew.
    show([alice], scope);
    assert.equal(totals().logins, 2);
  }
});
