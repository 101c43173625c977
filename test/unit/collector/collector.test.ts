import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCollector } from '../../../src/collector/collector.ts';
import type { Found } from '../../../src/collector/daemon-scan.ts';
import type { FtpSession } from '../../../src/sessions/session.ts';

function session(pid: number, connectedAt: number | null, ownerUid = 1): FtpSession {
  return {
    pid,
    startTime: '1',
    daemon: 'test',
    title: '',
    ownerUid,
    user: null,
    remoteAddress: null,
    remotePort: null,
    localPort: null,
    state: 'idle',
    file: '',
    path: '',
    protocol: null,
    bytesMoved: null,
    bytesSkipped: null,
    bytesTotal: null,
    connectedAt,
    transferStartedAt: null,
    lastTransferStartedAt: null,
    idleSince: null,
  };
}

/** A fake scan, because what it finds has to be forced. */
function finding(found: Partial<Found>) {
  return async (): Promise<Found> => ({ sessions: [], gaps: [], daemons: [], ...found });
}

describe('a snapshot', () => {
  test('has the sessions of all daemons by time of connection, then by pid', async () => {
    const [one, two] = [
      [session(9, null), session(7, 200), session(5, null)],
      [session(8, 100), session(6, 200)],
    ];
    const collector = createCollector(finding({ sessions: [...one, ...two] }));
    const { sessions } = await collector.snapshot(null);
    assert.deepEqual(
      sessions.map(({ pid }) => pid),
      [8, 6, 7, 5, 9],
    );
  });

  test('gives what concerns root to nobody who asks for uids, also not for root’s', async () => {
    const gaps = [{ cause: 'daemon-in-container', ownerUid: 0 }] as const;
    const asked: unknown[] = [];
    const collector = createCollector(async (owners) => {
      asked.push(owners);
      return { sessions: [session(1, 1, 0), session(2, 2, 7)], gaps, daemons: [] };
    });
    const { sessions, gaps: seen } = await collector.snapshot([0, 7]);
    assert.deepEqual([sessions.map(({ pid }) => pid), seen], [[2], []]);
    assert.deepEqual(asked, [new Set([7])]);
    const all = await collector.snapshot(null);
    assert.deepEqual([all.sessions.length, all.gaps], [2, gaps]);
  });

  test('of an owner has the owner’s sessions and gaps, and those of the host, alone', async () => {
    const collector = createCollector(
      finding({
        sessions: [session(3, 1, 62_001), session(4, 1, 62_002), session(5, 1, 0)],
        gaps: [
          { cause: 'file-unknown', ownerUid: 62_001 },
          { cause: 'session-unproven', ownerUid: 62_002 },
          { cause: 'processes-hidden', ownerUid: null },
          { cause: 'titles-off', ownerUid: 0 },
        ],
      }),
    );
    const { sessions, gaps } = await collector.snapshot([62_001]);
    assert.deepEqual(
      sessions.map(({ pid }) => pid),
      [3],
    );
    assert.deepEqual(gaps, [
      { cause: 'file-unknown', ownerUid: 62_001 },
      { cause: 'processes-hidden', ownerUid: null },
    ]);
    assert.deepEqual((await collector.snapshot([0])).sessions, []);
  });

  test('was begun after it was asked for', async () => {
    const collector = createCollector(finding({}));
    const before = Date.now();
    const [one, two] = await Promise.all([collector.snapshot(null), collector.snapshot([1])]);
    assert.ok(one.begunAt >= before && two.begunAt >= before);
  });

  test('fails when the scan itself fails: nothing is not given as the whole', async () => {
    const collector = createCollector(() => Promise.reject(new Error('forced')));
    await assert.rejects(collector.snapshot(null), /forced/);
  });

  test('of one owner is not changed by another owner’s', async () => {
    const collector = createCollector(
      finding({ sessions: [session(3, 1, 62_001), session(4, 1, 62_002)] }),
    );
    const snapshots = await Promise.all(
      [62_001, 62_002, 62_001].map((uid) => collector.snapshot([uid])),
    );
    const pids = snapshots.map(({ sessions }) => sessions.map(({ pid }) => pid));
    assert.deepEqual(pids, [[3], [4], [3]]);
  });
});
