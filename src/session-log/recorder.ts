import { readdirSync } from 'node:fs';
import { entryName } from '../daemons/pure-ftpd/scoreboard.ts';
import type { ScoreboardEntry } from '../daemons/pure-ftpd/scoreboard-entry.ts';
import { isLiving, readCredentials, readStartTime } from '../os/processes/procfs/facts.ts';
import type { Looked, LookedSession } from '../sessions/looked-session.ts';
import { type Clocks, createClockWatch } from './clock-watch.ts';
import { watchDirectory } from './directory-events.ts';
import { createEndTimes } from './ended-at.ts';
import { createLater } from './later.ts';
import { formatTime, type GapCause, type LogLine, type SessionEnding } from './log-line.ts';
import { createLookedSessions } from './looked-sessions.ts';
import type { EndingProcess } from './messages.ts';
import { isHeldBy, type OpenRecord, openRecord } from './open-record.ts';
import { createRecordNames } from './record-names.ts';
import { sessionLine, splitFiles } from './session-line.ts';
import { createSlotEvents } from './slot-events.ts';
import {
  asTransferring,
  originOf,
  readOwnRecord,
  type Tracked,
  type TrackedFacts,
} from './tracked.ts';
import { createTransfers } from './transfers.ts';
import { createUnwatched } from './unwatched.ts';

export interface RecorderOptions {
  /** pure-ftpd's scoreboard is the first of these that is there. */
  readonly directories: readonly string[];
  /** ProFTPD's scoreboards, where they are known beforehand. */
  readonly scoreboards?: readonly string[];
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
  ending(processes: readonly EndingProcess[]): void;
  /** They were not ended by that: refused, out of the caller's scope, or gone by themselves before. */
  spared(processes: readonly EndingProcess[]): void;
  /** It was on that account's demand that the session of this process was ended. */
  endedBy(process: EndingProcess, by: string): void;
  /** Writes what is known of those whose end waits for a name. */
  close(): void;
}

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
  /** Those that are over, until the events are taken that came at the same go. */
  const concluding = new Map<string, Tracked>();
  const endOf = createEndTimes(procRoot);
  /** Sessions that were ended by uapid, until somebody says for whom. */
  const unnamed = new Map<
    string,
    { readonly session: Endable; readonly settle: (by: string | null) => void }
  >();
  /** Daemons of which scans alone tell, by their names. */
  const lookedDaemons = new Map<string, number>();
  /** Since when ProFTPD's scoreboard tells of its sessions. */
  let slotsSince = 0;
  /** Since when SFTP sessions of ProFTPD's may be missing; null where there were none. */
  let sftpSince: number | null = null;
  const names = new Map<string, string>();
  const startedAt = Date.now();
  const clockJump = createClockWatch(options.clocks);
  const transfers = createTransfers(procRoot, options.transferLogs);
  const recordNames = createRecordNames();
  const later = createLater();
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
    if (jump !== null) options.write(clockSet(jump));
    options.write(line);
  }

  function onName(name: string, isOfName: boolean): void {
    const pid = pidOf(name);
    if (pid === null || folder === null) return;
    const known = tracked.get(pid);
    const isHeld = known !== undefined && !known.record.isRemoved();
    const change = recordNames.take(pid, isOfName, isHeld);
    if (change === 'removed') {
      // The one that is held is a later one's: it was opened in place of the one that is told of here.
      if (isHeld) gap('record-missed', { pid });
      else if (known !== undefined) finish(known);
      return;
    }
    if (change === 'nothing') return;
    if (known === undefined) open(pid, folder);
    else if (change === 'written' && isHeld && isAnothers(known)) {
      finish(known);
      open(pid, folder);
    }
  }

  /**
   * Of a record that outlived its session: whether another's process has that pid now. Where none has it, the
   * master is about to remove the record, which is told.
   */
  function isAnothers({ pid, start }: Tracked): boolean {
    const now = readStartTime(procRoot, pid);
    return start !== null && now !== null && now !== start;
  }

  /** Takes in the session of a record; no more than that, since the next one may be gone in a moment. */
  function open(pid: number, inFolder: string): void {
    let record: OpenRecord | null;
    try {
      record = openRecord(`${inFolder}/${entryName(pid)}`, pid);
    } catch {
      recordNames.missed(pid);
      gap('record-unreadable', { pid });
      return;
    }
    if (record === null) {
      recordNames.missed(pid);
      gap('record-missed', { pid });
    } else track(pid, inFolder, record);
  }

  function track(pid: number, inFolder: string, record: OpenRecord): void {
    const facts: TrackedFacts = {
      pid,
      folder: inFolder,
      ...originOf(procRoot, pid, record),
      record,
      entry: record.read(),
      owner: null,
      seemedRoots: false,
      isBegun: false,
      isEnding: false,
      wasGone: false,
      timer: null,
    };
    const session: Tracked = Object.assign(facts, {
      transferring: asTransferring(procRoot, facts),
    });
    tracked.set(pid, session);
    later.add(() => transfers.begin(session.transferring));
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
    readOwnRecord(procRoot, session);
    transfers.lookUp(session.transferring);
    if (session.entry === null || session.entry.account === '?' || session.start === null) return;
    if (session.owner === null) {
      const { pid, start, seemedRoots } = session;
      const uid = readCredentials(procRoot, { pid, startTime: start })?.effectiveUid ?? null;
      // A daemon without a privileged process beside it takes root's rights back for moments.
      session.owner = uid === 0 && !seemedRoots ? null : uid;
      session.seemedRoots = uid === 0;
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
      if (session.record.isRemoved()) {
        // As a rule an event tells of that, if it is of the directory that is watched.
        if (session.folder !== folder || session.wasGone) finish(session);
        session.wasGone = true;
      } else if (start !== null && !isLiving(procRoot, { pid, startTime: start })) {
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
    const own = readOwnRecord(procRoot, session);
    // That one's process was over, too, before anybody saw it.
    if (own === 'anothers' && record.isRemoved()) gap('record-missed', { pid });
    const endedAt = Math.min(endOf(session), record.removedAt() ?? Infinity);
    record.close();
    const key = keyOf(session);
    concluding.set(key, session);
    later.add(() => {
      concluding.delete(key);
      conclude(session, endedAt, isOrphan, own === 'read');
    });
  }

  function conclude(session: Tracked, endedAt: number, isOrphan: boolean, isLast: boolean): void {
    const { pid } = session;
    const seen = transfers.end(session.transferring);
    const hasLogin = session.entry !== null && session.entry.account !== '?';
    // What it said last is not known, as where its process was killed while it wrote: it may have logged in since.
    if (session.entry === null || (!hasLogin && !isLast)) {
      gap('record-unreadable', { pid });
      return;
    }
    // A connection that has not logged in is nobody's session.
    if (!hasLogin) return;
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

  function waitForName(session: Endable, put: (by: string | null) => void): void {
    const key = keyOf(session);
    const by = names.get(key);
    names.delete(key);
    if (by !== undefined) {
      put(by);
      return;
    }
    const timer = setTimeout(() => settle(null), maxWaitForNameMs);
    const settle = (name: string | null) => {
      clearTimeout(timer);
      unnamed.delete(key);
      put(name);
    };
    unnamed.set(key, { session, settle });
  }

  /** Takes in what is there, and finishes what is not any more. */
  function reconcile(): void {
    finishRemoved();
    if (folder === null) return;
    const pids = namesIn(folder).flatMap((name) => pidOf(name) ?? []);
    recordNames.begin(pids);
    for (const pid of pids) if (!tracked.has(pid)) takeIn(pid, folder);
  }

  /** What a crash has left behind is no process' that has that pid now. */
  function takeIn(pid: number, inFolder: string): void {
    try {
      const record = openRecord(`${inFolder}/${entryName(pid)}`, pid);
      if (record === null) return;
      const isHeld = isHeldBy(procRoot, pid, record);
      if (isHeld === true) track(pid, inFolder, record);
      else record.close();
      if (isHeld === null && readStartTime(procRoot, pid) !== null)
        gap('record-unreadable', { pid });
    } catch {
      if (readStartTime(procRoot, pid) !== null) gap('record-unreadable', { pid });
    }
  }

  function finishRemoved(): void {
    for (const session of [...tracked.values()]) {
      if (session.record.isRemoved()) finish(session);
    }
  }

  /** No scoreboard's events tell of them. */
  function tellOfSftp(): void {
    if (sftpSince !== null) return;
    sftpSince = startedAt;
    write(scansOnly('sftp-looks-only', 'proftpd', startedAt));
  }

  const lookedSessions = createLookedSessions({
    procRoot,
    writesBegin,
    nameOf,
    write,
    transfers,
    whenNamed: waitForName,
  });
  const slotEvents = createSlotEvents({
    procRoot,
    paths: options.scoreboards ?? [],
    onSession: (session) => lookedSessions.add([session]),
    onWatched: () => {
      slotsSince = Date.now();
      write(scansOnly('slots-only', 'proftpd', slotsSince));
    },
    onSftp: tellOfSftp,
    onLost: (since) => {
      lookedDaemons.set('proftpd', since);
      write(scansOnly('looks-only', 'proftpd', since));
    },
  });
  /** The session that is this very process: its pid may have been another's a moment ago. */
  const find = (process: EndingProcess): Endable | undefined => {
    const ofPid = tracked.get(process.pid);
    if (ofPid?.start === process.start) return ofPid;
    return concluding.get(keyOf(process)) ?? lookedSessions.get(process);
  };

  // An end that waited for a name is younger than it was learned, and was lost with the recorder.
  const { lastLineAt } = options;
  if (lastLineAt !== null) {
    // The clock was set back while nobody was there to see it.
    if (lastLineAt > startedAt + 1_000) write(clockSet({ since: startedAt, at: lastLineAt }));
    write(notRunning(startedAt, lastLineAt - maxWaitForNameMs));
  }

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
      unwatched.seen(daemons.includes('pure-ftpd'));
      for (const daemon of daemons) {
        if (daemon === 'pure-ftpd' || lookedDaemons.has(daemon)) continue;
        lookedDaemons.set(daemon, startedAt);
        if (daemon === 'proftpd' && slotEvents.isWatching()) continue;
        write(scansOnly('looks-only', daemon, startedAt));
      }
      const isOpen = ({ pid, startTime }: LookedSession) => isLiving(procRoot, { pid, startTime });
      lookedSessions.add(isAgain ? sessions.filter(isOpen) : sessions);
      const ofProftpd = sessions.filter(({ daemon }) => daemon === 'proftpd');
      // A customer of mod_sftp can hold files that look like a scoreboard.
      const those = ofProftpd.filter(({ protocol }) => protocol !== 'sftp');
      if (those.length < ofProftpd.length) tellOfSftp();
      if (daemons.includes('proftpd')) slotEvents.look(those.map(({ pid }) => pid));
    },
    head: () => [
      ...[...lookedDaemons]
        .filter(([daemon]) => daemon !== 'proftpd' || !slotEvents.isWatching())
        .map(([daemon, since]) => scansOnly('looks-only', daemon, since)),
      ...(slotEvents.isWatching() ? [scansOnly('slots-only', 'proftpd', slotsSince)] : []),
      ...(sftpSince === null ? [] : [scansOnly('sftp-looks-only', 'proftpd', sftpSince)]),
      ...unwatched.head(),
      // Files that were written to for the last time before what is asked for are not read.
      ...[...tracked.values()].flatMap((each) =>
        each.isBegun ? sessionLine(each, 'begin', nameOf) : [],
      ),
      ...lookedSessions.begins(),
    ],
    ending: (processes) => {
      for (const process of processes) {
        const session = find(process);
        if (session !== undefined) session.isEnding = true;
      }
    },
    spared: (processes) => {
      later.finish();
      for (const process of processes) {
        const waiting = unnamed.get(keyOf(process));
        const session = waiting?.session ?? find(process);
        if (session !== undefined) session.isEnding = false;
        waiting?.settle(null);
      }
    },
    endedBy: (process, by) => {
      later.finish();
      const waiting = unnamed.get(keyOf(process));
      if (waiting !== undefined) {
        waiting.settle(by);
        return;
      }
      const session = find(process);
      if (session === undefined) return;
      session.isEnding = true;
      names.set(keyOf(process), by);
    },
    close: () => {
      watching.close();
      // Events that tell of their end may have come that nobody has taken yet.
      finishRemoved();
      later.finish();
      slotEvents.close();
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

function clockSet(jump: { readonly since: number; readonly at: number }): LogLine {
  const [at, since] = [formatTime(jump.at), formatTime(jump.since)];
  return { event: 'gap', at, since, daemon: null, cause: 'clock-set' };
}

/** That nothing at all was recorded until a time. */
function notRunning(until: number, from: number): LogLine {
  const at = formatTime(until);
  const since = from > until ? null : formatTime(from);
  return { event: 'gap', at, since, daemon: null, cause: 'not-running' };
}

/** That a session is known only where a scan saw it, or the scoreboard had it for long enough, from a time on. */
function scansOnly(
  cause: 'looks-only' | 'slots-only' | 'sftp-looks-only',
  daemon: string,
  since: number,
): LogLine {
  const [at, from] = [formatTime(Date.now()), formatTime(since)];
  return { event: 'gap', at, since: from, daemon, cause };
}

const recordName = /^client-(\d{8,10})$/;

function pidOf(name: string): number | null {
  const digits = recordName.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** What is in a directory; nothing where it has just gone, which an event tells. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const keyOf = ({ pid, start }: Pick<Endable, 'pid' | 'start'>) => `${pid} ${start}`;
