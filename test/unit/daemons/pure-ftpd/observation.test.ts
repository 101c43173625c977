import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isStillSession } from '../../../../src/collector/classify.ts';
import { pureFtpdDriver } from '../../../../src/daemons/pure-ftpd/driver.ts';
import type { Fallback } from '../../../../src/daemons/pure-ftpd/fallback.ts';
import {
  classify,
  isConsistent,
  type Reading,
} from '../../../../src/daemons/pure-ftpd/observation.ts';
import type { ScoreboardEntry } from '../../../../src/daemons/pure-ftpd/scoreboard-entry.ts';

const entry: ScoreboardEntry = {
  state: 'idle',
  pid: 4711,
  remoteAddress: '192.0.2.7',
  remotePort: 50_100,
  localPort: 21,
  connectedAt: 1_700_000_000,
  transferStartedAt: 1_700_000_100,
  account: 'alice',
  file: 'f',
  bytesTotal: 10,
  bytesMoved: 5,
  bytesSkipped: 0,
};
const nothingOpen: Fallback = { connection: null, file: null };
const reading: Fallback = {
  connection: null,
  file: { state: 'download', path: '/home/alice/f', positionBytes: 5 },
};

interface Seen {
  readonly title?: string;
  readonly setsTitles?: boolean;
  readonly needsRecord?: boolean;
  readonly entry?: Partial<ScoreboardEntry>;
  readonly isOwn?: boolean;
  readonly isSettled?: boolean;
  readonly path?: string;
  readonly without?: 'missing' | 'unreadable' | 'layout-unknown';
  readonly fallback?: Fallback | null;
}

function seen(what: Seen): Reading {
  const { title = 'pure-ftpd (IDLE)', setsTitles = true, needsRecord = false } = what;
  return {
    candidate: {
      process: {
        pid: 4711,
        parentPid: 1,
        startTime: '1',
        startedAtMs: 1_700_000_000_500,
        title,
        uid: 62_001,
        realUid: 62_001,
        isWhollyRoot: false,
        name: 'pure-ftpd',
        executablePath: '/usr/sbin/pure-ftpd',
        executable: null,
      },
      parent: null,
      master: null,
      setsTitles,
      needsRecord,
    },
    record:
      what.without === undefined
        ? {
            kind: 'entry',
            entry: { ...entry, ...what.entry },
            isOwn: what.isOwn ?? true,
            isSettled: what.isSettled ?? true,
            path: what.path ?? null,
          }
        : { kind: what.without },
    fallback: what.fallback ?? null,
  };
}

const stateAndFile = (what: Seen) => {
  const { session, gaps } = classify(seen(what));
  return [session?.state, session?.file, ...gaps];
};

describe('title and record of a session', () => {
  test('are one moment’s when they say the same and nobody was writing', () => {
    assert.equal(isConsistent(seen({})), true);
    assert.equal(isConsistent(seen({ isSettled: false })), false);
    assert.equal(isConsistent(seen({ title: 'pure-ftpd (UPLOAD)' })), false);
    const named = { title: 'pure-ftpd (UPLOAD)', entry: { state: 'upload' } } as const;
    assert.equal(isConsistent(seen(named)), true);
    assert.equal(isConsistent(seen({ ...named, entry: { state: 'upload', file: '' } })), false);
    assert.equal(isConsistent(seen({ without: 'missing' })), true);
  });

  test('are no session’s before login, nor under another title', () => {
    for (const change of [{ account: '?' }, { state: 'free' }] as const) {
      assert.deepEqual(classify(seen({ entry: change })), { session: null, gaps: [] });
    }
    assert.equal(isStillSession(seen({}).candidate, 'pure-ftpd (UPLOAD)', pureFtpdDriver), true);
    for (const title of ['', 'pure-ftpd (PRIV)', 'pure-ftpd (SERVER)', 'sleep']) {
      assert.equal(isStillSession(seen({}).candidate, title, pureFtpdDriver), false, title);
    }
    const untitled = seen({ setsTitles: false }).candidate;
    // What has ended has no title at all (ProcessTable.titles), and one can be empty.
    assert.equal(isStillSession(untitled, '', pureFtpdDriver), true);
    assert.equal(isStillSession(untitled, 'pure-ftpd', pureFtpdDriver), true);
  });

  test('give no file and no numbers of a transfer that is over', () => {
    const { session } = classify(seen({}));
    const { file, bytesMoved, bytesTotal, transferStartedAt } = session ?? {};
    assert.deepEqual([file, bytesMoved, bytesTotal, transferStartedAt], ['', null, null, null]);
  });

  test('give the total of downloads alone', () => {
    for (const [state, total] of [
      ['download', 10],
      ['upload', null],
    ] as const) {
      const title = `pure-ftpd (${state.toUpperCase()})`;
      assert.equal(classify(seen({ title, entry: { state } })).session?.bytesTotal, total);
    }
  });

  test('that contradict each other are decided by the open files, else by the title', () => {
    const stale = { title: 'pure-ftpd (IDLE)', entry: { state: 'download' } } as const;
    assert.deepEqual(stateAndFile({ ...stale, fallback: reading }), ['download', 'f']);
    assert.deepEqual(stateAndFile({ ...stale, fallback: nothingOpen }), ['idle', '']);
    assert.deepEqual(stateAndFile(stale), ['idle', '']);
    const ahead = { title: 'pure-ftpd (DOWNLOAD)' };
    assert.deepEqual(stateAndFile({ ...ahead, fallback: reading }), ['download', '/home/alice/f']);
    assert.deepEqual(stateAndFile(ahead), ['download', null, 'file-unknown']);
  });
});

describe('a session without its record', () => {
  const causes = ['missing', 'unreadable', 'layout-unknown'] as const;

  test('is given with what its process tells, and each thing that is not known is said', () => {
    for (const without of causes) {
      const { session, gaps } = classify(seen({ without, title: 'pure-ftpd (UPLOAD)' }));
      assert.deepEqual(
        [session?.user, session?.remoteAddress, session?.state, session?.file],
        [null, null, 'upload', null],
      );
      assert.equal(session?.connectedAt, 1_700_000_000);
      assert.deepEqual(gaps, [`record-${without}`, 'address-unknown', 'file-unknown']);
    }
  });

  test('is left out, and that is said, where only the record could prove it', () => {
    assert.deepEqual(classify(seen({ without: 'missing', needsRecord: true })).gaps, []);
    for (const without of ['unreadable', 'layout-unknown'] as const) {
      const findings = classify(seen({ without, needsRecord: true }));
      assert.deepEqual(findings, { session: null, gaps: ['session-unproven'] });
    }
  });

  test('is left out, and that is said, where nothing tells its state', () => {
    const findings = classify(seen({ without: 'unreadable', setsTitles: false }));
    assert.deepEqual(findings, { session: null, gaps: ['state-unknown'] });
  });
});
