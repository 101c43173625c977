import type {
  ContainedFiles,
  EndSignal,
  KeptFile,
  Process,
  ProcessFacts,
  ProcessFiles,
  ProcessTable,
} from '../os/processes/process-table.ts';
import type { AccountsFault } from '../sessions/ftp-account.ts';
import type { FtpSession, GapCause } from '../sessions/session.ts';
import type { DaemonDescription, DaemonSettings } from './description.ts';
import type { SystemUsersLetIn } from './system-users-let-in.ts';

/**
 * What a process of a daemon says that it is:
 * - `master`: it waits for connections;
 * - `connection`: it serves a connection by children of its own;
 * - `session`: it serves a connection, logged in or not;
 * - `helper`: anything else of the daemon.
 */
export type Role = 'master' | 'connection' | 'session' | 'helper';

/** Whether a session has logged in. */
export type Login = 'before' | 'after' | 'unknown';

/** A process that is a session if its record does not speak against it. */
export interface Candidate {
  readonly process: Process;
  /** The process above it; null where that is not known. */
  readonly parent: ProcessFacts | null;
  /** The master that it belongs to; null where none is known. */
  readonly master: Process | null;
  /** False where the daemon never sets titles, so that the title tells nothing. */
  readonly setsTitles: boolean;
  /**
   * True when neither a master nor what serves its connection vouches for it: then only its record can
   * prove that it is a session, or ids that root's daemon alone gives (`isOwnUid`).
   */
  readonly needsRecord: boolean;
  /** True when an earlier scan has found its uid to be that of its user, which it stays. */
  readonly isOwnerKnown?: true;
}

/** A process of a daemon in a container. Its title is not known: a process can make a reader wait for it. */
export interface ContainedProcess {
  readonly process: Process;
  /** The process above it, where that is of the same daemon. */
  readonly parent: ProcessFacts | null;
  /** The pid that it has in its container, as in the daemon's records. */
  readonly ownPid: number;
}

/** What a candidate was found to be in one moment. */
export interface Observation {
  /**
   * True when all that was read belongs to one state of the session. Else the engine reads again, a
   * few times; what the last reading came to is given whatever this says.
   */
  readonly isConsistent: boolean;
  /** Null when it is no session that has logged in, or nothing proves that it is one. */
  readonly session: FtpSession | null;
  /** What could not be seen of it. The engine adds whom that concerns. */
  readonly gaps: readonly GapCause[];
}

/** The accounts that a daemon's own files tell of. */
export interface DaemonAccounts {
  readonly accounts: readonly {
    readonly user: string;
    readonly uid: number;
    readonly home: string;
    readonly quotaBytes: number | 'unlimited' | null;
  }[];
  readonly faults: readonly AccountsFault[];
  /** Whom of the system's users it lets in, too, by all that is known; null for none. */
  readonly systemUsers: SystemUsersLetIn | null;
}

/** What a daemon writes of its sessions: a file for each, one for all, or nothing. */
export interface DaemonRecords<R> {
  /**
   * Pids that have a record, the same array while they are the same. `living` gives every pid that
   * there is. Asks nothing of these processes.
   */
  pids(living: () => readonly number[]): readonly number[];
  /** Whether there is a record under this pid, read or not. Asks nothing of the process. */
  has(pid: number): boolean;
  /**
   * True when a process holds the daemon's own record of it open, which root alone may write; null
   * when that cannot be told. Any user can ask for this by the name of a program, so it must not
   * touch a file whose file system may not answer. It is called only of a process that lives in this
   * server's namespaces and whose pid has a record.
   */
  isHeldBy(process: ProcessFacts): boolean | null;
  /** Begins a scan: what is read by it may be shared by all sessions, and is forgotten afterwards. */
  open(): RecordReader<R>;
}

export interface RecordReader<R> {
  /** What the daemon's record says of a candidate, or why there is none. Never throws for one that ended. */
  read(candidate: Candidate): R;
}

/**
 * Follows the record of one session through a file that is kept open, so that one that has run
 * since the last scan is compared instead of observed anew.
 */
export interface SessionFollower {
  /**
   * Takes what a session was observed to be as what later readings are compared with. False when the
   * record says something else by now.
   */
  remember(session: FtpSession): boolean;
  /**
   * The session now: the same object while nothing has changed, a new one when only its transfer has
   * moved on, null when it has to be observed anew.
   */
  read(session: FtpSession): FtpSession | null;
  close(): void;
}

/**
 * One kind of FTP daemon: all that the engine (src/collector) does not know. The engine finds
 * processes, decides which may be read and which are trusted, tracks them, and ends sessions; a
 * driver says what they are. Whatever a driver throws is a gap `daemon-failed`. `R` is what is read
 * of a session's record.
 */
export interface DaemonDriver<R = unknown> {
  readonly description: DaemonDescription;
  /** The signal by which a session ends on its own, cleaning up behind it. */
  readonly endSignal: EndSignal;
  /**
   * What proves that a master is root's: all of its uids and gids are 0, or its real uid is, where
   * the daemon lowers the others by itself. Only in the first case it may count where its executable
   * cannot be read.
   */
  readonly masterIds: 'all-root' | 'real-root';
  /** 1 where sessions are children of the master, 2 where a process between them serves the connection. */
  readonly generations: 1 | 2;

  /**
   * Where sessions are grandchildren and titles are not set: whether a child of the master serves its
   * connection by children of its own, by its ids. Every one does where this is absent.
   */
  servesByChildren?(process: ProcessFacts): boolean;
  /**
   * Whether a uid is root's or one that this daemon lowers itself to, and that no ordinary user has.
   * What executes the same program below a process of that uid, and has another one, was brought in
   * by root's daemon. Absent where ids prove nothing.
   */
  isOwnUid?(uid: number): boolean;

  /**
   * Whether a process looks like this daemon by the name of its file, or by its own (15 bytes) where
   * the file's is null. It proves nothing, and can be asked of every process.
   */
  looksLike(process: Pick<ProcessFacts, 'executablePath' | 'name'>): boolean;
  /** What a process says that it is by its whole title; null for a title that this daemon never sets. */
  roleOf(title: string): Role | null;
  /** True when a master of this title sets its sessions' titles at every change. */
  setsTitles(masterTitle: string): boolean;
  /**
   * True where the ids of a candidate are those that the daemon has before a login: then its record
   * has to tell. False where they tell that somebody has logged in.
   */
  mayPrecedeLogin(candidate: Candidate): boolean;
  /**
   * The accounts by the files that these masters were told to use; absent where none can be told. It opens
   * files of root's alone (src/os/roots-file.ts).
   */
  readAccounts?(masters: readonly Process[], settings: DaemonSettings): DaemonAccounts;
  /** What a record says of the login. */
  loginOf(record: R): Login;

  /** The daemon's records. Called once; what it throws, it throws again at the next scan. */
  openRecords(settings: DaemonSettings, table: ProcessTable): DaemonRecords<R>;
  /**
   * Puts together what was read of a candidate. It reads more of it, or of its parent, only where the
   * record leaves something open; `files` is null where open files cannot be read.
   */
  observe(candidate: Candidate, record: R, files: ProcessFiles | null): Observation;
  /**
   * The same of a process in a container that the configuration names, whose root may be anybody: by
   * nothing but what `files` give. Whose it is the engine says.
   */
  observeContained(contained: ContainedProcess, files: ContainedFiles): Observation;
  /**
   * Begins to follow a session by a descriptor of its own. `keep` opens one of them; null where
   * there is nothing to follow: then the session is observed whenever it has run.
   */
  follow(
    candidate: Candidate,
    files: ProcessFiles,
    keep: (fd: number) => KeptFile | null,
  ): SessionFollower | null;
}
