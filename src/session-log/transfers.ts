import { type FSWatcher, fstatSync, watch } from 'node:fs';
import { isIP } from 'node:net';
import { parseStatsLine } from '../daemons/pure-ftpd/stats-line.ts';
import { parseClfLine, parseW3cLine } from '../daemons/pure-ftpd/web-log-lines.ts';
import type { TransferLine } from '../daemons/transfer-line.ts';
import { parseXferlogLine } from '../daemons/xferlog-line.ts';
import { fileIdAt, type OpenedLog, openLogAt, openLogsOf } from './find-transfer-logs.ts';
import { createGrowingFile, type GrowingFile } from './growing-file.ts';
import type { FileLine, TransferJoin, Unknown } from './log-line.ts';
import { createLooseLines, type Span, toleranceMs, waitMs } from './loose-lines.ts';
import { addSum, addTransfer, createNamedSums, newSum, type Sum } from './transfer-sums.ts';
import { createWrittenWhen, type WrittenWhen } from './written-when.ts';

/** A session as transfers are found to be its. What it says may become known later on. */
export interface Transferring {
  readonly daemon: string;
  /** What tells its daemon from others that run beside it. */
  readonly master: string;
  readonly process: { readonly pid: number };
  /** Whether all of its daemon's are told, or those that somebody looked at. */
  readonly seen: 'events' | 'looks';
  /** pure-ftpd's own name of it. */
  id(): string | null;
  user(): string | null;
  address(): string | null;
  /** In ms since the epoch, as a rule whole seconds. */
  connectedAt(): number | null;
}

/** What a session has transferred; `count` and `bytes` are null for the reason `why`, `bytes` also beyond 2^53. */
export interface SeenTransfers {
  readonly count: number | null;
  readonly bytes: number | null;
  readonly by: TransferJoin | null;
  readonly why: Unknown | null;
  readonly files: readonly FileLine[];
}

export interface Transfers {
  begin(session: Transferring): void;
  /** Looks once more which logs its process holds, as it opens them after its connection. */
  lookUp(session: Transferring): void;
  /** Reads what was added to the logs, and finds whose it is. */
  read(): void;
  /** How many lines wait for their session. */
  waiting(): number;
  /** What it has transferred, all told; nothing is kept of it any more. */
  end(session: Transferring): SeenTransfers;
  /** The files of a session, where they are so many that they are better written down before its end. */
  takeMany(session: Transferring): readonly FileLine[];
  close(): void;
}

/** Of a log that was there before, so much is read of its end, for sessions that were, too. */
const readBackBytes = 4 * 1024 * 1024;
const manyFiles = 500;
const maxDaemons = 32;

interface Log {
  readonly file: GrowingFile;
  readonly openedAt: number;
  parse: ((text: string) => TransferLine | null) | null;
  readonly writtenWhen: WrittenWhen;
  /** When it was read to its end. */
  readAt: number | null;
  /** When the first line is from that was read; null before. */
  firstAt: number | null;
  watcher: FSWatcher | null;
}

function watchFile(fd: number, onChange: () => void): FSWatcher | null {
  try {
    // By the descriptor: it may have another name by now, or none.
    const watcher = watch(`/proc/self/fd/${fd}`, { persistent: false }, onChange);
    watcher.on('error', () => {});
    return watcher;
  } catch {
    return null;
  }
}

interface State extends Sum {
  /** Those that it may write to. */
  readonly logs: Set<string>;
  /** Of its daemon. */
  readonly paths: Map<string, string>;
  /** Whether its process was seen to hold one. */
  isFound: boolean;
  by: TransferJoin | null;
  why: Unknown | null;
}

/**
 * Finds the logs of transfers that daemons write, reads on in them, and tells which session's a line is.
 * They are the files of root's that a session's process holds open to write to, whatever a configuration
 * says; `given` are such files by the daemon's name, for sessions that are over before they can be seen.
 */
export function createTransfers(
  procRoot: string,
  given: Readonly<Record<string, readonly string[]>> = {},
): Transfers {
  const logs = new Map<string, Log>();
  /** By daemon the paths of its logs, each with the file that lies there; '' for one not opened yet. */
  const pathsOf = new Map<string, Map<string, string>>();
  /** Those of daemons that no event tells of: nothing is read of their logs while none is known. */
  const lookedMasters = new Set<string>();
  const sessions = new Map<Transferring, State>();
  const named = createNamedSums();
  const loose = createLooseLines();
  let tidiedAt = Date.now();
  /** Sessions that have ended just now: a line may be theirs as well. */
  let ended: Span<Transferring>[] = [];

  const pathsGiven = (daemon: string) =>
    (given[daemon] ?? []).map((path): [string, string] => [path, '']);

  function take({ fd, id }: OpenedLog, from: number, isWhole = false): void {
    const file = createGrowingFile(fd, from);
    if (logs.has(id)) {
      file.close();
      return;
    }
    const openedAt = isWhole ? 0 : Date.now();
    const log: Log = {
      file,
      openedAt,
      parse: null,
      writtenWhen: createWrittenWhen(),
      readAt: null,
      firstAt: null,
      watcher: null,
    };
    logs.set(id, log);
    // Else what is written right before it is truncated would never be read.
    log.watcher = watchFile(fd, () => {
      if (logs.get(id) !== log) return;
      readLog(id, log);
      // Else lines of sessions that nobody looked at would wait for as long as none ends that somebody did.
      if (loose.isFull() || Date.now() - tidiedAt > waitMs) tidy();
    });
  }

  const endOf = ({ fd }: OpenedLog) => Math.max(0, fstatSync(fd).size - readBackBytes);

  /** The logs that a session's process holds, by which those of its daemon are known, too. */
  function discover({ process }: Transferring, state: State): void {
    if (state.isFound || process.pid === 0) return;
    for (const log of openLogsOf(procRoot, process.pid)) {
      state.isFound = true;
      state.logs.add(log.id);
      if (log.path !== null && !state.paths.has(log.path)) state.paths.set(log.path, log.id);
      take(log, endOf(log));
    }
  }

  /** What lies now where a daemon's log is: another file after it was rotated. */
  function followPaths(): void {
    for (const paths of pathsOf.values()) {
      for (const [path, known] of paths) {
        const id = fileIdAt(path);
        if (id === null || id === known) continue;
        const log = openLogAt(path);
        if (log === null) continue;
        paths.set(path, log.id);
        // One that takes the place of one that is known is read from its first line on.
        take(log, known === '' ? endOf(log) : 0, known !== '');
      }
    }
  }

  function readLog(id: string, log: Log): void {
    const from = log.readAt;
    log.readAt = Date.now();
    const { lines, wasCut, changedAt } = log.file.read();
    if (wasCut) {
      for (const state of sessions.values()) if (state.logs.has(id)) state.why = 'transfer-log-cut';
    }
    const parsed = lines.flatMap((text) => {
      log.parse ??= parsers.find((each) => each(text) !== null) ?? null;
      return log.parse?.(text) ?? [];
    });
    for (const line of log.writtenWhen.take(parsed, { from, to: changedAt })) {
      log.firstAt ??= Math.min(...line.endedAt);
      const { session } = line;
      if (session === null) loose.add(line, id);
      else named.add({ ...line, session });
    }
  }

  /** One that was over before its files could be seen has written where its daemon writes. */
  function addPaths(state: State): void {
    if (state.isFound) return;
    for (const id of state.paths.values()) if (logs.has(id)) state.logs.add(id);
  }

  function readLogs(): void {
    followPaths();
    for (const state of sessions.values()) addPaths(state);
    for (const [id, log] of logs) readLog(id, log);
  }

  function read(): void {
    readLogs();
    tidy();
  }

  function tidy(): void {
    tidiedAt = Date.now();
    const open = [...sessions].map(([session, { logs: ids }]) => ({
      session,
      logs: ids,
      at: tidiedAt,
    }));
    loose.join([...open, ...ended], {
      onUnsure: (those) => {
        for (const session of those) setWhy(session, 'not-certain');
      },
      onSure: (session, line, at) => {
        const state = sessions.get(session);
        if (state === undefined) return;
        addTransfer(state, line, at);
        state.by = isIP(line.peer) === 0 ? 'time-user' : 'time-user-address';
      },
    });
    prune();
  }

  function setWhy(session: Transferring, why: Unknown): void {
    const state = sessions.get(session);
    if (state !== undefined) state.why = why;
  }

  /** What nobody has asked for is nobody's: a connection that was missed, or one from long ago. */
  function prune(): void {
    const now = Date.now();
    named.prune(sessions.keys(), waitMs);
    ended = ended.filter(({ at }) => now - at <= waitMs);
    const used = new Set([...sessions.values()].flatMap((state) => [...state.logs]));
    for (const each of ended) for (const id of each.logs) used.add(id);
    // A session that is told by its events may be over before it is seen what it writes to.
    for (const [master, paths] of pathsOf) {
      if (!lookedMasters.has(master)) for (const id of paths.values()) used.add(id);
    }
    for (const [id, log] of logs) {
      if (used.has(id)) continue;
      closeLog(log);
      logs.delete(id);
      loose.forget(id);
    }
  }

  /** Takes what was read of a session by its name. */
  function gather(session: Transferring, state: State): void {
    const sum = named.take(session);
    if (sum === undefined) return;
    addSum(state, sum);
    state.by = 'session-id';
  }

  return {
    begin(session) {
      // Before it is known: what was truncated while nobody was there has nothing to do with it. Whose the lines
      // are is found once all are known that come at one go.
      readLogs();
      if (session.seen === 'looks') lookedMasters.add(session.master);
      const paths = pathsOf.get(session.master) ?? new Map(pathsGiven(session.daemon));
      pathsOf.delete(session.master);
      pathsOf.set(session.master, paths);
      // Daemons that are gone.
      for (const [oldest] of pathsOf) if (pathsOf.size > maxDaemons) pathsOf.delete(oldest);
      const state = {
        ...newSum(),
        logs: new Set<string>(),
        paths,
        isFound: false,
        by: null,
        why: null,
      };
      sessions.set(session, state);
      discover(session, state);
    },
    lookUp(session) {
      const state = sessions.get(session);
      if (state !== undefined) discover(session, state);
    },
    read,
    end(session) {
      read();
      const state = sessions.get(session);
      if (state === undefined) return { ...nothing, why: 'no-transfer-log' };
      gather(session, state);
      sessions.delete(session);
      ended.push({ session, logs: state.logs, at: Date.now() });
      const known = [...state.logs]
        .flatMap((id) => logs.get(id) ?? [])
        .filter(({ parse }) => parse !== null);
      const isCut = loose.hasDropped(session, state.logs);
      const why =
        state.why ?? whyNot(known, session.connectedAt()) ?? (isCut ? 'transfer-log-cut' : null);
      const { files } = state;
      if (why !== null) return { ...nothing, why, files };
      const by =
        session.seen === 'looks'
          ? 'looks'
          : (state.by ??
            (known.some(({ parse }) => parse === parseStatsLine)
              ? 'session-id'
              : 'time-user-address'));
      return { count: state.count, bytes: state.bytes, by, why, files };
    },
    takeMany(session) {
      const state = sessions.get(session);
      if (state === undefined) return [];
      gather(session, state);
      return state.files.length < manyFiles ? [] : state.files.splice(0);
    },
    waiting: () => loose.count(),
    close() {
      for (const log of logs.values()) closeLog(log);
      logs.clear();
    },
  };
}

const parsers = [parseStatsLine, parseXferlogLine, parseClfLine, parseW3cLine];

function closeLog({ file, watcher }: Log): void {
  watcher?.close();
  file.close();
}

const nothing: SeenTransfers = { count: null, bytes: null, by: null, why: null, files: [] };

/** A log of which no line is known may be of something else. One that begins too late may lack some. */
function whyNot(known: readonly Log[], connectedAt: number | null): Unknown | null {
  if (known.length === 0) return 'no-transfer-log';
  const isEarlier = (log: Log) =>
    connectedAt !== null &&
    connectedAt < log.openedAt - 2 * toleranceMs &&
    (log.firstAt === null || log.firstAt > connectedAt);
  return known.some(isEarlier) ? 'transfer-log-cut' : null;
}
