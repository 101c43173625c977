import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KnownScoreboards } from '../../../../src/daemons/proftpd/known-scoreboards.ts';
import { createRecordReader } from '../../../../src/daemons/proftpd/record.ts';
import type { ReadAt } from '../../../../src/daemons/proftpd/scoreboard-file.ts';
import type { Process } from '../../../../src/os/processes/process-table.ts';
import {
  type EntryText,
  entryBytes,
  scoreboardBytes,
} from '../../../support/proftpd/entry-bytes.ts';

/*
 * A session that is killed leaves its entry behind for up to half a minute. Where its pid comes again within the two
 * seconds that clocks may differ by, time alone does not tell that the entry is not the next process'.
 */

const second = Math.floor(Date.now() / 1000);

/** Reads the record of a process that began now; `entries` stand in the scoreboard at that moment. */
function scene(inode: string) {
  let bytes: Buffer = Buffer.alloc(0);
  const read: ReadAt = (into, position, length) =>
    bytes.copy(into, 0, position, Math.min(position + length, bytes.length));
  const known = {
    all: () => [{ read, inode, device: 1 }],
  } as unknown as KnownScoreboards;
  const reader = createRecordReader({ files: null }, known, false);
  return (title: string, entries: readonly EntryText[]) => {
    bytes = scoreboardBytes(entries.map((text) => entryBytes(text)));
    const process: Process = {
      pid: 100,
      parentPid: 1,
      startTime: '1',
      startedAtMs: (second + 1) * 1000 + 300,
      title,
      uid: 65_534,
      realUid: 0,
      isWhollyRoot: false,
      name: 'proftpd',
      executablePath: null,
      executable: null,
    };
    const candidate = {
      process,
      parent: null,
      master: null,
      setsTitles: true,
      needsRecord: false,
    };
    const record = reader(candidate);
    return record.kind === 'entry' ? record.entry.user : record.kind;
  };
}

const left = { user: 'bob', client: '192.0.2.9', connectedAt: second } as const;
const own = { user: 'alice', client: '192.0.2.7', connectedAt: second + 1 } as const;

test('before its login no process has the entry that another client’s session left behind', () => {
  const userNow = scene('1');
  assert.equal(userNow('proftpd: connected: c (192.0.2.7:5)', [left]), 'unreadable');
  assert.equal(userNow('proftpd: 192.0.2.7:5: USER', [left]), 'unreadable');
  // A name that somebody has chosen can look like such a title.
  const named = { ...left, user: '192.0.2.7:5: A' };
  assert.equal(userNow('proftpd: 192.0.2.7:5: A - c: IDLE', [named]), '192.0.2.7:5: A');
});

test('a process whose pid came again at once has its own entry, wherever the one left behind was found', () => {
  const userNow = scene('2');
  const title = 'proftpd: alice - 192.0.2.7: IDLE';
  // Where that one stands is remembered.
  assert.equal(userNow(title, [left]), 'bob');
  assert.equal(userNow(title, [left, own]), 'alice');
  assert.equal(userNow(title, [own, left]), 'alice');
});
