import type {
  OpenFile,
  Process,
  ProcessFacts,
  ProcessTable,
} from '../../os/processes/process-table.ts';
import type { Candidate } from '../driver.ts';
import { type HeldFile, isSameFile } from '../held-file.ts';
import { controlOf } from './control-connection.ts';
import type { KnownScoreboards } from './known-scoreboards.ts';
import { pathOf, scoreboardName, scoreboardsAmong } from './own-scoreboard.ts';
import type { ScoreboardEntry } from './scoreboard-entry.ts';
import type { ReadAt } from './scoreboard-file.ts';
import { type FoundEntry, findEntry } from './slots.ts';
import { clientBeforeLogin, type LoginTitle, loginTitle, titlePrefix } from './title.ts';

/** The record of one process, or why there is none. */
export type SessionRecord =
  | {
      readonly kind: 'entry';
      readonly entry: ScoreboardEntry;
      /** False where its place and its time alone speak for its being this process'. */
      readonly isOwn: boolean;
      /** False when the session may have been writing it just then. */
      readonly isSettled: boolean;
      /** Reads it once more: true when it says the same but for the progress of a transfer. */
      readonly isStillSame: () => boolean;
      /** By which the session holds the scoreboard; null where that cannot be seen. */
      readonly scoreboard: number | null;
      /** The peer's port, which the record does not tell; null when it cannot be seen any more. */
      readonly remotePort: number | null;
      /** Whether mod_sftp's sessions count as FTP. */
      readonly listsSftp: boolean;
    }
  /** "missing" is known: the process has none. What cannot be told is "unreadable". */
  | {
      readonly kind: 'missing' | 'unreadable' | 'layout-unknown';
      readonly login: LoginTitle;
    };

export type RecordKind = Exclude<SessionRecord['kind'], 'entry'>;

/** The clock's seconds, and the kernel's word for when it was booted, are whole ones. */
const clocksDifferSeconds = 2;

/** ProFTPD's master clears away what a session that was killed has left behind twice as often. */
const leftBehindForMs = 60_000;

/** As many sessions' ports are remembered. */
const maxPorts = 8192;

/**
 * Reads the records of sessions through the descriptors by which they hold their scoreboard: no path
 * is followed, so it does not matter where it is, or whether it was removed.
 */
export function createRecordReader(
  { files }: Pick<ProcessTable, 'files'>,
  known: KnownScoreboards,
  listsSftp: boolean,
): (candidate: Candidate) => SessionRecord {
  const ports = new Map<number, { readonly startTime: string; readonly port: number }>();

  function find(read: ReadAt, name: string, process: Process): FoundEntry | RecordKind {
    const isIts = (entry: ScoreboardEntry) =>
      fitsInTime(process, entry) && fitsTitle(process, entry);
    const isSurelyIts = (entry: ScoreboardEntry) =>
      isIts(entry) && !mayBeLeftBehind(process, entry);
    return findEntry(read, name, process.pid, isIts, isSurelyIts);
  }

  /** Where it is not certain that opening the session's file comes back, or it cannot be seen. */
  function findByPath(process: Process, held: HeldFile | null): FoundEntry | RecordKind {
    for (const { read, inode, device } of known.all()) {
      if (held !== null && isSameFile(held, { inode, device }) !== true) continue;
      const found = find(read, scoreboardName({ device, inode }), process);
      if (typeof found === 'object') return found;
    }
    return 'unreadable';
  }

  /** `target` is the text of the link that it is held by, "" where that is known already. */
  function findThrough(held: HeldFile, target: string, process: Process) {
    if (!held.isLocal) return findByPath(process, held);
    const file = files?.open(process, held.fd) ?? null;
    if (file === null) return 'unreadable';
    try {
      if (!file.writableByRootOnly) return null;
      if (target !== '' && target === pathOf(target)) known.learn(target, held);
      const read: ReadAt = (into, position, length) => file.read(into, position, length);
      return find(read, scoreboardName(held), process);
    } finally {
      file.close();
    }
  }

  function portOf(process: ProcessFacts): number | null {
    const { pid, startTime } = process;
    const before = ports.get(pid);
    if (before?.startTime === startTime) return before.port;
    const port = controlOf(files?.tcpSockets(process) ?? null)?.remotePort;
    if (port === undefined) return null;
    if (ports.size >= maxPorts) ports.clear();
    ports.set(pid, { startTime, port });
    return port;
  }

  function recordOf(process: Process, found: FoundEntry, held: HeldFile | null): SessionRecord {
    const { entry, isSettled } = found;
    return {
      kind: 'entry',
      entry,
      isSettled,
      isOwn: held !== null,
      isStillSame: () => {
        const now = held === null ? findByPath(process, null) : findThrough(held, '', process);
        return typeof now === 'object' && now !== null && isSameActivity(now.entry, entry);
      },
      scoreboard: held?.fd ?? null,
      remotePort: entry.command === '' ? null : portOf(process),
      listsSftp,
    };
  }

  return ({ process }) => {
    const none = (kind: RecordKind): SessionRecord => ({ kind, login: loginTitle(process.title) });
    const open = files?.list(process) ?? null;
    if (files === null || open === null) {
      const found = findByPath(process, null);
      return typeof found === 'string' ? none(found) : recordOf(process, found, null);
    }
    for (const held of scoreboardsAmong(process, open, files)) {
      const found = findThrough(held, targetOf(open, held.fd), process);
      if (found === null) continue;
      return typeof found === 'string' ? none(found) : recordOf(process, found, held);
    }
    return none('missing');
  };
}

function targetOf(open: readonly OpenFile[], fd: number): string {
  return open.find((each) => each.fd === fd)?.target ?? '';
}

/** Records outlive crashes, and pids come back: a session connects after its process has begun. */
function fitsInTime({ startedAtMs }: ProcessFacts, { connectedAt }: ScoreboardEntry): boolean {
  return startedAtMs === null || connectedAt + clocksDifferSeconds >= startedAtMs / 1000;
}

/** Whether it can be of a process before, whose pid came again at once: it connected before this one began. */
function mayBeLeftBehind({ startedAtMs }: ProcessFacts, { connectedAt }: ScoreboardEntry): boolean {
  if (startedAtMs === null || connectedAt >= Math.floor(startedAtMs / 1000)) return false;
  return Date.now() - startedAtMs < leftBehindForMs;
}

/**
 * False where the title of before a login names another client than the entry does. One that begins with the entry's
 * user is of after it, or may be.
 */
function fitsTitle({ title }: Process, { user, remoteAddress }: ScoreboardEntry): boolean {
  if (remoteAddress === null || title.startsWith(titlePrefix + user)) return true;
  const client = clientBeforeLogin(title);
  return client === null || client === remoteAddress;
}

/** True when two readings tell of one command: all that a row takes from an entry but the progress. */
function isSameActivity(one: ScoreboardEntry, other: ScoreboardEntry): boolean {
  return (
    one.command === other.command &&
    one.argument === other.argument &&
    one.waitedSince === other.waitedSince &&
    one.connectedAt === other.connectedAt
  );
}
