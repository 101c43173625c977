import { closeSync, type FSWatcher, fstatSync, readSync, statSync, watch } from 'node:fs';
import { pathOf } from '../daemons/proftpd/own-scoreboard.ts';
import type { ScoreboardEntry } from '../daemons/proftpd/scoreboard-entry.ts';
import { readEntry, readSlots, type Slot } from '../daemons/proftpd/scoreboard-file.ts';
import { readExecutablePath } from '../os/processes/procfs/exe.ts';
import { isLiving, readCredentials, readOrigin } from '../os/processes/procfs/facts.ts';
import { listFiles } from '../os/processes/procfs/fd.ts';
import { orNull } from '../os/processes/procfs/read-file.ts';
import { openRootsFile } from '../os/roots-file.ts';
import type { LookedSession } from '../sessions/looked-session.ts';
import { holdsFile } from './holds-file.ts';
import { type OwnerWatch, watchOwner } from './owner-watch.ts';
import { watchForFile } from './watch-for-file.ts';

export interface SlotEventsOptions {
  readonly procRoot: string;
  /** Where a scoreboard of ProFTPD's may be. */
  readonly paths: readonly string[];
  /** A session has logged in; perhaps one that was told before. */
  readonly onSession: (session: LookedSession) => void;
  /** It has an SFTP session, of which it does not tell; perhaps one of many. */
  readonly onSftp: () => void;
  /** All that are known and there are watched from now on. */
  readonly onWatched: () => void;
  /** One is not watched any more, or, since `since`, was not: in ms since the epoch. */
  readonly onLost: (since: number) => void;
  /** A clock that goes on, in ms; this process' own unless given. */
  readonly now?: () => number;
}

/** ProFTPD's sessions as the events of its scoreboard tell of them, one file for all of a daemon's. */
export interface SlotEvents {
  /** Looks for scoreboards that are not watched yet, also for those of these sessions. */
  look(pids?: readonly number[]): void;
  /** Whether each scoreboard that is known is watched, and there is one. */
  isWatching(): boolean;
  close(): void;
}

/**
 * Between two readings, in ms. ProFTPD writes for each command and piece of a transfer: while it does, that is how
 * often this process wakes up, and while it does not, never. Of 100 sessions with an upload of 1 kB each, four at a
 * time, 96 to 99 are learned so on an idle machine, where they are shortest (measured with ProFTPD 1.3.8; with 20 ms
 * 42 to 47, with 2 ms no more).
 */
const pauseMs = 5;
/**
 * What takes longer to read is read less often, so that it takes a quarter of a processor at the most. Time in which
 * others have the processor does not count: on a machine at its limit sessions would be over in between.
 */
const pausePerReading = 3;
const maxWatched = 16;
/** In ProFTPD's record a user is cut there, in bytes. */
const maxUserBytes = 31;

interface Board {
  readonly path: string;
  readonly fd: number;
  readonly inode: string;
  watcher: FSWatcher | null;
  timer: NodeJS.Timeout | null;
  /** By pid: when it connected, and what is known of it until it is told. */
  readonly known: Map<number, Known>;
}

interface Known {
  readonly connectedAt: number;
  readonly owner: OwnerWatch;
  readonly early: LookedSession | null;
}

export function createSlotEvents({
  procRoot,
  paths,
  onSession,
  onSftp,
  onWatched,
  onLost,
  now = () => performance.now(),
}: SlotEventsOptions): SlotEvents {
  const boards = new Map<string, Board>();
  const wanted = new Set(paths);
  /** Ends the wait for those that are not watched. */
  const waits = new Map<string, () => void>();
  /** Those that are there and cannot be watched, that were watched and are not, or whose sessions may not be seen. */
  const missing = new Set<string>();
  /** There are more than can be watched. */
  let isFull = false;
  /** Since when all are watched, as it was told last. */
  let watchedSince: number | null = null;
  let isClosed = false;

  const isWatching = () => boards.size > 0 && missing.size === 0 && !isFull;

  function tellChange(since = Date.now()): void {
    if (isClosed || isWatching() === (watchedSince !== null)) return;
    watchedSince = watchedSince === null ? Date.now() : null;
    if (watchedSince === null) onLost(since);
    else onWatched();
  }

  function tryOpen(path: string): void {
    if (isClosed || boards.has(path)) return;
    if (boards.size >= maxWatched) {
      isFull = true;
      return;
    }
    const fd = openRootsFile(path);
    if (typeof fd === 'string') {
      // What others may have put there is not watched for either.
      if (fd === 'untrusted') missing.add(path);
      else waitFor(path);
      return;
    }
    const board: Board = {
      path,
      fd,
      inode: String(fstatSync(fd, { bigint: true }).ino),
      watcher: null,
      timer: null,
      known: new Map(),
    };
    if (readSlots(readerOf(board)) === null || !arm(board)) {
      // An empty one is just being made.
      if (fstatSync(fd).size > 0) missing.add(path);
      closeSync(fd);
      waitFor(path);
      return;
    }
    waits.get(path)?.();
    waits.delete(path);
    missing.delete(path);
    boards.set(path, board);
    tellChange();
    readSoon(board);
  }

  /** ProFTPD removes its scoreboard when it stops, and makes it when it starts. */
  function waitFor(path: string): void {
    if (isClosed || waits.has(path)) return;
    const tryAgain = () => {
      tryOpen(path);
      tellChange();
    };
    waits.set(path, watchForFile(path, tryAgain));
  }

  function arm(board: Board): boolean {
    try {
      board.watcher = watch(board.path, () => onChange(board));
      board.watcher.on('error', () => drop(board));
      return true;
    } catch {
      return false;
    }
  }

  /** No event is wanted until the next reading: there may be thousands. */
  function onChange(board: Board): void {
    if (board.watcher === null) return;
    board.watcher.close();
    board.watcher = null;
    if (isClosed) return;
    if (isReplaced(board)) {
      drop(board);
      tryOpen(board.path);
      tellChange();
      return;
    }
    readSoon(board);
  }

  function readSoon(board: Board): void {
    if (board.timer !== null) return;
    const before = process.cpuUsage();
    const isUnsettled = read(board);
    const { user, system } = process.cpuUsage(before);
    const waitMs = Math.max(pauseMs, (pausePerReading * (user + system)) / 1000);
    if (board.watcher !== null && !isUnsettled) return;
    board.timer = setTimeout(() => {
      board.timer = null;
      // Watched before it is read, so that no change is between them.
      if (board.watcher === null && !arm(board)) drop(board);
      else readSoon(board);
    }, waitMs);
  }

  function drop(board: Board): void {
    board.watcher?.close();
    if (board.timer !== null) clearTimeout(board.timer);
    if (boards.get(board.path) !== board) return;
    // What was written since the last reading is in the file that is held open.
    if (!isClosed) read(board);
    boards.delete(board.path);
    closeSync(board.fd);
    if (isClosed) return;
    for (const { early } of board.known.values()) if (early !== null) onSession(early);
    missing.add(board.path);
    isFull = false;
    tellChange();
    waitFor(board.path);
  }

  /** Whether there are sessions whose uid is not their own yet. */
  function read(board: Board): boolean {
    const reader = readerOf(board);
    const slots = readSlots(reader);
    // It was just being written.
    if (slots === null) return false;
    for (const [pid, { early }] of board.known) {
      if (slots.has(pid)) continue;
      board.known.delete(pid);
      if (early !== null) onSession(early);
    }
    let isUnsettled = false;
    for (const [pid, slot] of slots) {
      const known = board.known.get(pid);
      if (known?.early === null && isOf(reader, slot, known)) continue;
      const reading = readEntry(reader, pid, slot);
      if (typeof reading === 'string' || !reading.isSettled) continue;
      if (isOfSftp(reading.entry)) onSftp();
      if (!isLoggedIn(reading.entry)) continue;
      const { connectedAt } = reading.entry;
      const isAgain = known?.connectedAt === connectedAt;
      if (!isAgain && known?.early != null) onSession(known.early);
      const found = sessionOf(board, reading.entry);
      if (found === null) {
        missing.add(board.path);
        tellChange();
        continue;
      }
      const owner = watchOwner(isAgain ? known.owner : null, found, now());
      const { isGivenUp } = owner;
      const seen: LookedSession = {
        ...found.session,
        ownerUid: owner.owner,
        ...(isGivenUp && { isOwnerUncertain: true }),
      };
      const isGone = seen.startTime === '';
      // A process that was killed leaves its entry for up to half a minute: it is no session that ends now.
      const session = isGone ? (isAgain ? known.early : null) : seen;
      const isTold = isGone || owner.owner !== null || isGivenUp;
      if (isTold && session !== null) onSession(session);
      board.known.set(pid, { connectedAt, owner, early: isTold ? null : session });
      if (!isTold) isUnsettled = true;
    }
    return isUnsettled;
  }

  /**
   * With the uid of its process and whether that cannot be the daemon's own any more. Without a start its process is
   * gone. Null where it may not be seen whether it is that one.
   */
  function sessionOf(board: Board, entry: ScoreboardEntry) {
    const { pid, user } = entry;
    const isWhole = Buffer.byteLength(user) < maxUserBytes;
    const session: LookedSession = {
      pid,
      startTime: '',
      daemon: 'proftpd',
      ownerUid: null,
      user: isWhole ? user : null,
      isUserProven: isWhole,
      remoteAddress: entry.remoteAddress,
      remotePort: null,
      localPort: entry.localPort,
      protocol: entry.protocol === 'ftps' ? 'ftps' : 'ftp',
      connectedAt: entry.connectedAt,
      seen: 'events',
    };
    const origin = readOrigin(procRoot, pid);
    if (origin === null) return { session, uid: null, isOwn: false };
    const { startTime, parentPid } = origin;
    const isHeld = holds(pid, board);
    // Of a process that ends the kernel refuses the files, too.
    if (isHeld === null && isLiving(procRoot, { pid, startTime })) return null;
    if (isHeld !== true) return { session, uid: null, isOwn: false };
    const uid = readCredentials(procRoot, { pid, startTime })?.effectiveUid ?? null;
    const parentUid = uidOf(parentPid);
    // One that inetd began, or whose daemon is gone, has another one above it, whose uid tells nothing.
    const isDaemons = parentUid !== 0 && parentUid !== null && isSameProgram(pid, parentPid);
    return {
      session: { ...session, startTime },
      uid,
      isOwn: uid !== null && uid !== 0 && isDaemons && uid !== parentUid,
    };
  }

  function isSameProgram(pid: number, other: number): boolean {
    const path = readExecutablePath(`${procRoot}/${pid}/exe`);
    return typeof path === 'string' && path === readExecutablePath(`${procRoot}/${other}/exe`);
  }

  function uidOf(pid: number): number | null {
    const startTime = readOrigin(procRoot, pid)?.startTime;
    if (startTime === undefined) return null;
    return readCredentials(procRoot, { pid, startTime })?.effectiveUid ?? null;
  }

  /**
   * A pid that a crash has left in the file may be another process' by now, which does not hold that file. Null where
   * its files may not be seen.
   */
  function holds(pid: number, { inode, path }: Board): boolean | null {
    return holdsFile(procRoot, pid, inode, (target) => pathOf(target) === path);
  }

  /** The files of a session that have one of the same name beside them with ".lck" behind, as ProFTPD's scoreboard. */
  function learn(pid: number): void {
    const open = orNull(() => listFiles(`${procRoot}/${pid}/fd`)) ?? [];
    const names = new Set(open.map(({ target }) => pathOf(target)));
    for (const { target } of open) {
      const isBoard = target.startsWith('/') && names.has(`${target}.lck`);
      if (!isBoard || wanted.has(target)) continue;
      if (wanted.size < paths.length + maxWatched) wanted.add(target);
      else isFull = true;
      // Until now nothing told of its sessions.
      missing.add(target);
      tellChange(watchedSince ?? Date.now());
    }
  }

  const events: SlotEvents = {
    look(pids = []) {
      for (const pid of pids) learn(pid);
      for (const board of [...boards.values()]) if (isReplaced(board)) drop(board);
      for (const path of wanted) tryOpen(path);
      tellChange();
    },
    isWatching,
    close() {
      isClosed = true;
      for (const board of [...boards.values()]) drop(board);
      for (const end of waits.values()) end();
    },
  };
  events.look();
  return events;
}

const readerOf =
  ({ fd }: Pick<Board, 'fd'>) =>
  (into: Buffer, position: number, length: number) =>
    readSync(fd, into, 0, length, position);

/** mod_sftp's are for scans to tell, which know whether they count. */
const isLoggedIn = ({ user, protocol }: ScoreboardEntry) =>
  user !== '(none)' && user !== '' && (protocol === 'ftp' || protocol === 'ftps');

const isOfSftp = ({ protocol }: ScoreboardEntry) => ['ssh2', 'sftp', 'scp'].includes(protocol);

const connection = Buffer.alloc(8);

/** Whether a slot is still of the connection that was told, read by that field alone. */
function isOf(
  read: ReturnType<typeof readerOf>,
  { position, layout }: Slot,
  known: { readonly connectedAt: number },
): boolean {
  read(connection, position + layout.bytes - 40, 8);
  return Number(connection.readBigInt64LE(0)) === known.connectedAt;
}

function isReplaced({ path, inode }: Board): boolean {
  const there = statSync(path, { bigint: true, throwIfNoEntry: false });
  return String(there?.ino) !== inode;
}
