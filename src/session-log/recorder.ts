import { readdirSync } from 'node:fs';
import type { ScoreboardEntry } from '../daemons/pure-ftpd/scoreboard-entry.ts';
import {
  isLiving,
  readCredentials,
  readParentPid,
  readStartTime,
} from '../os/processes/procfs/facts.ts';
import type { Looked, LookedSession } from '../sessions/looked-session.ts';
import { type Clocks, createClockWatch } from './clock-watch.ts';
import { watchDirectory } from './directory-events.ts';
import { formatTime, type GapCause, type LogLine, type SessionEnding } from './log-line.ts';
import { createLookedSessions } from './looked-sessions.ts';
import { type OpenRecord, openRecord } from './open-record.ts';
import { sessionLine, splitFiles } from './session-line.ts';
import { asTransferring, type Tracked, type TrackedFacts } from './tracked.ts';
import { createTransfers } from './transfers.ts';
import { createUnwatched } from './unwatched.ts';

export interface RecorderOptions {
  /** pure-ftpd's scoreboard is the first of these that is there. */
  readonly directories: readonly string[];
  readonly procRoot: string;
  /** Logs of transfers that are known beforehand, by the daemon's name. */
  readonly transferLogs?: Readonly<Record<string, readonly string[]>>;
  /** Whether a line is written soon after a login, too. */
  readonly writesBegin: boolean;
  /** When the last line before was written, in ms since the epoch; null for a log that is new. */
  readonly lastLineAt: number | null;
  readonly nameOf: (uid: number) => string | null;
  readonly write: (line: LogLine) => void;
  readonly queueLength?: number;
  /** For tests, which cannot set the system's. */
  readonly clocks?: Partial<Clocks>;
}

export interface Recorder {
  /**
   * Takes what scans have seen of daemons that tell of no session by events. Where a recorder before was told
   * (`isAgain`), those that are over are not taken in.
   */
  looked(looked: Looked, isAgain?: boolean): void;
  /** What stands first in each file of the log, as it is true of all that comes behind. */
  head(): readonly LogLine[];
  /** Somebody is about to have these processes ended. */
  ending(pids: readonly number[]): void;
  /** They were not ended by that: refused, out of the caller's scope, or gone by themselves before. */
  spared(pids: readonly number[]): void;
  /** It was on that account's demand that the session of this process was ended. */
  endedBy(pid: number, start: string, by: string): void;
  /** Writes what is known of those whose end waits for a name. */
  close(): void;
}

const recordName = /^client-(\d{8,10})$/;

/**
 * When a session is looked up after its connection, in ms: nothing tells of a login, and who owns the
 * process shows only after it. From the last one on it is looked up at that interval for as long as
 * it has not logged in, and its master once: where that is gone, nobody removes the record.
 */
const lookUpAfterMs = [20, 100, 400, 1_500, 5_000];
const careEveryMs = 5_000;
/** The worker has ten seconds to say for whom it had a session ended (src/audit/claim-log.ts). */
const maxWaitForNameMs = 11_000;

/**
 * Learns of pure-ftpd's sessions by the events of its scoreboard. A record is opened when it is made,
 * and read once more after it was removed: its descriptor still has all that it said. No lock is
 * taken. Without sessions nothing wakes it.
 */
export function startRecorder(options: RecorderOptions): Recorder {
  const { directories, procRoot, nameOf, writesBegin } = options;
  const tracked = new Map<number, Tracked>();
  /** Sessions that were ended by uapid, until somebody says for whom. */
  const unnamed = new Map<
    number,
    { readonly session: Endable; readonly settle: (by: string | null) => void }
  >();
  /** Daemons of which scans alone tell, by their names. */
  const lookedDaemons = new Set<string>();
  const names = new Map<string, string>();
  const startedAt = Date.now();
  const clockJump = createClockWatch(options.clocks);
  const transfers = createTransfers(procRoot, options.transferLogs);
  /** Pids whose end was learned before the event of its record's removal. */
  const finished = new Set<number>();
  let folder: string | null = null;
  let care: NodeJS.Timeout | null = null;
  const unwatched = createUnwatched(write);

  function gap(cause: GapCause, facts: { readonly pid?: number } = {}): void {
    const at = formatTime(Date.now());
    write({ event: 'gap', at, since: null, daemon: 'pure-ftpd', cause, ...facts });
  }

  /** Before a line is written it is told whether its times can be held against those before. */
  function write(line: LogLine): void {
    const jump = clockJump();
    if (jump !== null) {
      const [at, since] = [formatTime(jump.at), formatTime(jump.since)];
      options.write({ event: 'gap', at, since, daemon: null, cause: 'clock-set' });
    }
    options.write(line);
  }

  function onName(name: string): void {
    const digits = recordName.exec(name)?.[1];
    if (digits === undefined || folder === null) return;
    const pid = Number(digits);
    const known = tracked.get(pid);
    if (known !== undefined) {
      if (!known.record.isRemoved()) {
        // A record that outlived its session, and is another's now.
        if (known.start === null || readStartTime(procRoot, pid) === known.start) return;
      }
      finish(known);
    }
    open(pid, `${folder}/${name}`, known === undefined);
  }

  function open(pid: number, path: string, isExpected: boolean): void {
    let record: OpenRecord | null;
    try {
      record = openRecord(path, pid);
    } catch {
      gap('record-unreadable', { pid });
      return;
    }
    if (record === null) {
      // After the end of one that was tracked its removal is all that there was to see.
      if (isExpected && !finished.delete(pid)) gap('record-missed', { pid });
      return;
    }
    const masterPid = readParentPid(procRoot, pid);
    const facts: TrackedFacts = {
      pid,
      start: readStartTime(procRoot, pid),
      masterPid,
      masterStart: masterPid === null ? null : readStartTime(procRoot, masterPid),
      record,
      entry: record.read(),
      owner: null,
      isBegun: false,
      isEnding: false,
      wasGone: false,
      timer: null,
    };
    const session: Tracked = Object.assign(facts, { transferring: asTransferring(facts) });
    tracked.set(pid, session);
    transfers.begin(session.transferring);
    finished.delete(pid);
    lookUpLater(session, 0);
    care ??= setInterval(takeCare, careEveryMs);
  }

  function lookUpLater(session: Tracked, turn: number): void {
    const afterMs = lookUpAfterMs[Math.min(turn, lookUpAfterMs.length - 1)];
    session.timer = setTimeout(() => {
      lookUp(session);
      if (session.owner === null && tracked.get(session.pid) === session)
        lookUpLater(session, turn + 1);
    }, afterMs);
  }

  /** Reads the record, and after the login whose the process is. */
  function lookUp(session: Tracked): void {
    session.entry = session.record.read() ?? session.entry;
    transfers.lookUp(session.transferring);
    if (session.entry === null || session.entry.account === '?' || session.start === null) return;
    if (session.owner === null) {
      const { pid, start } = session;
      session.owner = readCredentials(procRoot, { pid, startTime: start })?.effectiveUid ?? null;
    }
    if (session.owner === null || session.isBegun || !writesBegin) return;
    session.isBegun = true;
    write(sessionLine(session, 'begin', nameOf));
  }

  /** Where the master is gone nobody removes a record, and what is mounted anew makes no event. */
  function takeCare(): void {
    watching.check();
    if (tracked.size > 0) transfers.read();
    for (const session of [...tracked.values()]) {
      const { pid, start, masterPid } = session;
      if (session.record.isRemoved()) finishEarly(session);
      else if (start !== null && !isLiving(procRoot, { pid, startTime: start })) {
        // Its master removes the record when it learns of the end, which may be just now.
        const isOrphan = masterPid === null || readStartTime(procRoot, masterPid) === null;
        // One that is not where the master looks for it, since the directory was moved, is never removed.
        if (isOrphan || session.wasGone) finish(session, isOrphan);
        session.wasGone = true;
      }
      writeFiles(session);
    }
    if (tracked.size > 0 || care === null) return;
    clearInterval(care);
    care = null;
  }

  /** Those of a session with very many files, before its end. */
  function writeFiles(session: Tracked): void {
    if (!tracked.has(session.pid)) return;
    const files = transfers.takeMany(session.transferring);
    if (files.length === 0) return;
    const line = { ...sessionLine(session, 'begin', nameOf), event: 'files' as const, files };
    for (const each of splitFiles(line)) write(each);
  }

  function finish(session: Tracked, isOrphan = false): void {
    const { pid, record } = session;
    if (session.timer !== null) clearTimeout(session.timer);
    tracked.delete(pid);
    session.entry = record.read() ?? session.entry;
    const endedAt = Date.now();
    const seen = transfers.end(session.transferring);
    record.close();
    if (session.entry === null) {
      gap('record-unreadable', { pid });
      return;
    }
    // A connection that has not logged in is nobody's session.
    if (session.entry.account === '?') return;
    const end = endingOf(session, session.entry, isOrphan);
    const put = (by: string | null) => {
      const how = {
        end: session.isEnding ? ('ended' as const) : end,
        endedAt,
        by,
        transfers: seen,
      };
      for (const line of splitFiles(sessionLine(session, how, nameOf))) write(line);
    };
    if (session.isEnding) waitForName(session, put);
    else put(null);
  }

  /** Before the event comes that tells of it. */
  function finishEarly(session: Tracked): void {
    finished.add(session.pid);
    finish(session);
  }

  function waitForName(session: Endable, put: (by: string | null) => void): void {
    const key = keyOf(session.pid, session.start ?? '');
    const by = names.get(key);
    names.delete(key);
    if (by !== undefined) {
      put(by);
      return;
    }
    const timer = setTimeout(() => settle(null), maxWaitForNameMs);
    const settle = (name: string | null) => {
      clearTimeout(timer);
      unnamed.delete(session.pid);
      put(name);
    };
    unnamed.set(session.pid, { session, settle });
  }

  /** Takes in what is there, and finishes what is not any more. */
  function reconcile(): void {
    for (const session of [...tracked.values()]) {
      if (session.record.isRemoved()) finishEarly(session);
    }
    for (const name of folder === null ? [] : namesIn(folder)) {
      const pid = Number(recordName.exec(name)?.[1] ?? 0);
      // Of a process that is gone it is what a crash has left behind.
      if (pid > 0 && !tracked.has(pid) && readStartTime(procRoot, pid) !== null) {
        open(pid, `${folder}/${name}`, false);
      }
    }
  }

  const lookedSessions = createLookedSessions({
    procRoot,
    writesBegin,
    nameOf,
    write,
    transfers,
    whenNamed: waitForName,
  });
  const find = (pid: number): Endable | undefined => tracked.get(pid) ?? lookedSessions.get(pid);

  // An end that waited for a name is younger than it was learned, and was lost with the recorder.
  if (options.lastLineAt !== null)
    write(notRunning(startedAt, options.lastLineAt - maxWaitForNameMs));

  const watching = watchDirectory(
    directories,
    {
      onName,
      onOverflow: () => {
        gap('events-lost');
        reconcile();
      },
      onWatched: (path) => {
        folder = path;
        unwatched.watched();
        reconcile();
      },
      onLost: () => {
        unwatched.lost('directory-replaced');
        folder = null;
      },
      onRefused: () => unwatched.lost('directory-unreadable'),
    },
    options.queueLength,
  );

  return {
    looked: ({ daemons, sessions }, isAgain = false) => {
      for (const daemon of daemons) {
        if (daemon === 'pure-ftpd') unwatched.seen();
        if (daemon === 'pure-ftpd' || lookedDaemons.has(daemon)) continue;
        lookedDaemons.add(daemon);
        write(looksOnly(daemon, startedAt));
      }
      const isOpen = ({ pid, startTime }: LookedSession) => isLiving(procRoot, { pid, startTime });
      lookedSessions.add(isAgain ? sessions.filter(isOpen) : sessions);
    },
    head: () => [
      ...[...lookedDaemons].map((daemon) => looksOnly(daemon, startedAt)),
      ...unwatched.head(),
    ],
    ending: (pids) => {
      for (const pid of pids) {
        const session = find(pid);
        if (session !== undefined) session.isEnding = true;
      }
    },
    spared: (pids) => {
      for (const pid of pids) {
        const waiting = unnamed.get(pid);
        const session = waiting?.session ?? find(pid);
        if (session !== undefined) session.isEnding = false;
        waiting?.settle(null);
      }
    },
    endedBy: (pid, start, by) => {
      const waiting = unnamed.get(pid);
      if (waiting?.session.start === start) {
        waiting.settle(by);
        return;
      }
      const session = find(pid);
      if (session?.start !== start) return;
      session.isEnding = true;
      names.set(keyOf(pid, start), by);
    },
    close: () => {
      watching.close();
      lookedSessions.close();
      if (care !== null) clearInterval(care);
      for (const { timer } of tracked.values()) if (timer !== null) clearTimeout(timer);
      for (const { settle } of [...unnamed.values()]) settle(null);
      transfers.close();
    },
  };

  function endingOf(
    { masterPid }: Tracked,
    entry: ScoreboardEntry,
    isOrphan: boolean,
  ): SessionEnding {
    if (entry.state === 'free') return 'left';
    if (isOrphan || masterPid === null) return isOrphan ? 'daemon-gone' : 'unknown';
    return 'cut';
  }
}

/** What can be ended by uapid. */
interface Endable {
  readonly pid: number;
  readonly start: string | null;
  isEnding: boolean;
}

/** That nothing at all was recorded until a time. */
function notRunning(until: number, from: number): LogLine {
  const [at, since] = [formatTime(until), formatTime(from)];
  return { event: 'gap', at, since, daemon: null, cause: 'not-running' };
}

/** That a session is known only where a scan saw it, from a time on. */
function looksOnly(daemon: string, since: number): LogLine {
  const [at, from] = [formatTime(Date.now()), formatTime(since)];
  return { event: 'gap', at, since: from, daemon, cause: 'looks-only' };
}

/** What is in a directory; nothing where it has just gone, which an event tells. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const keyOf = (pid: number, start: string) => `${pid} ${start}`;
