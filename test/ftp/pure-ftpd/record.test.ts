import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readRecord } from '../../../src/ftp/pure-ftpd/record.ts';
import type { Scoreboard } from '../../../src/ftp/pure-ftpd/scoreboard.ts';
import type { ScoreboardEntry } from '../../../src/ftp/pure-ftpd/scoreboard-entry.ts';
import type { Process, ProcessFiles } from '../../../src/processes/process-table.ts';

const process: Process = {
  pid: 4711,
  parentPid: 1,
  startTime: '1',
  startedAtMs: 1_700_000_000_500,
  title: 'pure-ftpd (IDLE)',
  uid: 62_001,
  isWhollyRoot: false,
  executable: null,
};
const entry: ScoreboardEntry = {
  state: 'idle',
  pid: 4711,
  remoteAddress: '192.0.2.7',
  remotePort: 50_100,
  localPort: 21,
  connectedAt: 1_700_000_000,
  transferStartedAt: 0,
  account: 'alice',
  file: '',
  bytesTotal: 0,
  bytesMoved: 0,
  bytesSkipped: 0,
};

/** A fake scoreboard, because what it says from one reading to the next has to be forced. */
function saying(...entries: Partial<ScoreboardEntry>[]): Scoreboard {
  const readings = entries.map((change) => ({ ...entry, ...change }));
  return {
    read: () => {
      const next = readings.length > 1 ? readings.shift() : readings[0];
      return next === undefined
        ? { kind: 'missing' }
        : { kind: 'entry', entry: next, identity: 'A' };
    },
  };
}

/** Fake open files, because a lock has to be held at one moment. */
function holding(identity: string, isLocked = false): ProcessFiles {
  return {
    list: () => [{ fd: 3, target: '/run/pure-ftpd/client-00004711' }],
    identityOf: () => identity,
    describe: () => ({ access: 'read-write', isDirectory: false, positionBytes: 0, isLocked }),
    sizeOf: () => null,
    tcpSockets: () => null,
    beginLook: () => {},
  };
}

const settled = (scoreboard: Scoreboard, files: ProcessFiles | null) => {
  const record = readRecord(process, scoreboard, files);
  return record.kind === 'entry' ? record.isSettled : record.kind;
};

describe('the record of a session', () => {
  test('is the one that its process holds open', () => {
    assert.equal(settled(saying({}), holding('A')), true);
    assert.equal(settled(saying({}), holding('B')), 'missing');
    assert.equal(settled(saying({}), { ...holding('A'), list: () => [] }), 'missing');
  });

  test('is settled when nobody was writing it between two readings that say the same', () => {
    assert.equal(settled(saying({}), holding('A', true)), false);
    assert.equal(settled(saying({}, { state: 'download' }), holding('A')), false);
    assert.equal(settled(saying({}, { file: 'f' }), holding('A')), false);
    assert.equal(settled(saying({}, { bytesMoved: 9 }), holding('A')), true);
  });

  test('is known by its time where open files may not be read', () => {
    const closed = { ...holding('A'), list: () => null };
    for (const files of [null, closed]) {
      assert.equal(settled(saying({}), files), true);
      assert.equal(settled(saying({ connectedAt: entry.connectedAt + 2 }), files), true);
      assert.equal(settled(saying({ connectedAt: entry.connectedAt - 60 }), files), 'missing');
      assert.equal(settled(saying({ connectedAt: entry.connectedAt + 60 }), files), 'missing');
      assert.equal(settled(saying({}, { state: 'upload' }), files), false);
    }
    const timeless = readRecord({ ...process, startedAtMs: null }, saying({}), null);
    assert.equal(timeless.kind, 'missing');
  });
});
