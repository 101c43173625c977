/** The file that a process executes. */
export interface Executable {
  /** Its path as the kernel tells it; ends in " (deleted)" after the file was replaced. */
  readonly path: string;
  /** Device and inode: equal for two processes that execute the very same file. */
  readonly identity: string;
  /** True when the file is root's and nobody but root may write it. */
  readonly writableByRootOnly: boolean;
}

/**
 * What can be told of a process without waiting for anything that it, or the user that it runs as,
 * has in hand (the table of reads in procfs.ts).
 */
export interface ProcessFacts {
  readonly pid: number;
  readonly parentPid: number;
  /** With the pid the identity of a process: differs when a pid is used again. Opaque. */
  readonly startTime: string;
  /** Milliseconds since the epoch, as exact as the source tells; null when it does not. */
  readonly startedAtMs: number | null;
  /** The kernel's short name of it: 15 bytes of its file's name, or what it put there itself. */
  readonly name: string;
  /** The effective uid. */
  readonly uid: number;
  /**
   * The real uid, which a set-uid program does not change before it chooses to; null when the source
   * cannot tell.
   */
  readonly realUid: number | null;
  /** True when every uid and gid of the process is 0; null when the source cannot tell. */
  readonly isWhollyRoot: boolean | null;
  /** Whether it has supplementary groups (credentials(7)). Absent where the source does not tell. */
  readonly hasGroups?: boolean | undefined;
  /** The path that it executes, as text; null when it may not be read. */
  readonly executablePath: string | null;
}

/** One process at the moment of a scan, with what may be read only of some (`ProcessTable.read`). */
export interface Process extends ProcessFacts {
  /** The process title (argv as text), cut where it ends. A process may write what it likes here. */
  readonly title: string;
  /**
   * What stands behind the title: the arguments that it has not overwritten, with their beginning
   * perhaps cut. Absent where the source does not tell, or there are more than it reads.
   */
  readonly argumentsLeft?: readonly string[] | undefined;
  /**
   * True when its standard input is a socket, as that of what a super-server starts for a connection
   * (inetd(8)). Absent where the source does not tell.
   */
  readonly isInputSocket?: boolean | undefined;
  /** Null when it may not be read. */
  readonly executable: Executable | null;
  /** True for one of a container's, whose executable file is not asked about. */
  readonly isContained?: true;
}

/**
 * Whether a process lives where this table looks: in the same user namespace, PID namespace and root
 * directory. `unknown` where that may not be read.
 */
export type Residence = 'here' | 'other-user-namespace' | 'other-container' | 'unknown';

/** What tells a process from every other one. */
export type ProcessIdentity = Pick<Process, 'pid' | 'startTime'>;

/** What ends a process: asks it to, lets it go on so that it can, or ends it by force. */
export type EndSignal = 'SIGTERM' | 'SIGINT' | 'SIGCONT' | 'SIGKILL';

/**
 * What came of asking a process to end. `denied`: the system refuses it, or whose pids these are
 * cannot be told for sure.
 */
export type Termination = 'sent' | 'gone' | 'denied';

export interface ProcessListing {
  readonly processes: readonly ProcessFacts[];
  /** True when the system hides other users' processes from this one (hidepid). */
  readonly othersAreHidden: boolean;
}

/** An open file of a process. */
export interface OpenFile {
  readonly fd: number;
  /** The link's text: a path, "socket:[INODE]", "pipe:[INODE]", … */
  readonly target: string;
}

/** A TCP connection or listener that a process holds. */
export interface TcpSocket {
  readonly fd: number;
  readonly listening: boolean;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Bytes written that the peer has not confirmed. */
  readonly unsentBytes: number;
}

/**
 * What can be told of a living process' open files. Each method is null when it may not be read or
 * the process is gone. None but `open`, and `sizeOf` where it answers, asks the file system that a file lies on, which
 * may never answer: of a network or FUSE file system neither stat(2) nor open(2) need come back.
 */
export interface ProcessFiles {
  /** Forgets what an earlier scan has read: of connections, which are read once a scan. */
  beginScan(): void;
  /** In the order of their descriptors; null also where there are more than a thousand. */
  list(process: ProcessFacts): readonly OpenFile[] | null;
  /** What the kernel itself knows of a descriptor. */
  describe(process: ProcessFacts, fd: number): DescriptorInfo | null;
  /** The process' root directory, as a path. */
  rootOf(process: Pick<ProcessFacts, 'pid'>): string | null;
  /** Its current directory, as a path. */
  directoryOf(process: Pick<ProcessFacts, 'pid'>): string | null;
  /**
   * What is mounted under an id; looked for among the mounts of this process, of that one and of its
   * parent, if the two are in one user namespace. Ask it only of a process that lives in the user
   * namespace of this one: elsewhere an ordinary user chooses how many mounts there are.
   */
  mountOf(process: ProcessFacts, mountId: number): Mount | null;
  /**
   * Opens the file behind a descriptor anew, for reading. Only for a file whose file system is known
   * to answer.
   */
  open(process: ProcessFacts, fd: number): OpenedFile | null;
  /**
   * The size in bytes of the regular file behind a descriptor; null for anything else, and for a file
   * whose file system may not answer.
   */
  sizeOf(process: ProcessFacts, fd: number): number | null;
  tcpSockets(process: Pick<ProcessFacts, 'pid'>, view?: NetworkView): readonly TcpSocket[] | null;
  /**
   * The connections of a network namespace to this peer that have been ended on this side and have
   * bytes to send still. They are no process' any more, or one waits for them in close(2) (SO_LINGER, socket(7)).
   */
  closingConnections(
    view: NetworkView,
    remoteAddress: string,
  ): readonly Omit<TcpSocket, 'fd' | 'listening'>[] | null;
  /** The pids of a process' children; null also where the kernel does not list them. */
  childrenOf(process: ProcessFacts): readonly number[] | null;
}

/**
 * Whose network namespace is looked through: that of a process, or of this server. A process may hold
 * sockets of another one than it lives in.
 */
export type NetworkView = number | 'self';

export interface Mount {
  /** The type of its file system, e.g. "tmpfs". */
  readonly type: string;
  /** The device number of its file system, "MAJOR:MINOR". */
  readonly device: string;
}

export interface DescriptorInfo {
  readonly access: 'read' | 'write' | 'read-write';
  /** True when it was opened as a folder. */
  readonly isDirectory: boolean;
  /** True when it was opened so that every write goes to the end (O_APPEND). */
  readonly appends: boolean;
  readonly positionBytes: number;
  /** True when the process holds a record lock on it. */
  readonly isLocked: boolean;
  /** The id of the mount that the file lies on, unique on this host; null where the kernel is older. */
  readonly mountId: number | null;
  /** The inode's number in decimal; null before Linux 5.14. */
  readonly inode: string | null;
}

/** A file that was opened through another process' descriptor. */
export interface OpenedFile extends KeptFile {
  /** True for a regular file that is root's and that nobody but root may write. */
  readonly writableByRootOnly: boolean;
}

/** The process table: one interface, a file for each way to read it. */
export interface ProcessTable {
  /**
   * The facts of every living process. Rejects when the table itself cannot be read: with a
   * `TableLateError` when its source does not answer in time.
   */
  list(): Promise<ProcessListing>;
  /** Waits for nobody, but of a process that is not root's it leaves the root directory out. */
  residenceOf(process: ProcessFacts): Residence;
  /**
   * Reads the rest of a process, which a user can make wait for ever: call it only for those that no
   * ordinary user can bring in (src/collector/proof.ts). Null when the process has ended, or its
   * title is of no interest.
   */
  read(process: ProcessFacts, interest?: (title: string) => boolean): Process | null;
  /** The effective uid now; null when the process has ended or that cannot be told. */
  uidOf(process: ProcessIdentity): number | null;
  /**
   * What the titles of these processes are now, by pid. A process that has ended, as a zombie has, or
   * whose pid is another process' by now, is absent. A title may be empty.
   */
  titles(processes: readonly Process[]): Promise<ReadonlyMap<number, string>>;
  /**
   * The pids of those that are still there. One that has ended and waits for its parent (a zombie)
   * is not, nor one that has the pid of one that has ended.
   */
  living(processes: readonly ProcessIdentity[]): Promise<ReadonlySet<number>>;
  /**
   * Sends a signal, SIGTERM unless given, to a process, and to it alone, if a last check finds it to
   * be what it was: the same process, of the same owner, with the same executable.
   */
  terminate(process: Process, signal?: EndSignal): Promise<Termination>;
  /** Null where the system has no way to tell. */
  readonly files: ProcessFiles | null;
  /** Null where files of the process table cannot be kept open. */
  readonly kept: KeptTable | null;
  /** Processes of containers. Null where they cannot be told without waiting for them. */
  readonly contained?: ContainedTable | null;
}

/**
 * What can be told of the processes of a container, whose root may be anybody: nothing here waits for
 * what one of them, or root there, has in hand.
 */
export interface ContainedTable {
  facts(pid: number): ProcessFacts | null;
  /** Watches a process by a file that is kept open; tells nothing where that cannot be had. */
  watch(pid: number): IdleWatch;
  /** The path of its cgroup, as this process sees it. */
  cgroupOf(pid: number): string | null;
  /** The pid that the process itself knows: that of the innermost PID namespace that it is in. */
  ownPidOf(pid: number): number | null;
  /** None where they cannot be told. */
  childrenOf(pid: number): readonly number[];
  /** The files of a daemon's processes in one scan; `top` is the topmost of them. */
  open(top: ProcessFacts, budget: ReadBudget): ContainedFiles;
}

/** What may still be read in one scan of all that is one account's. */
export interface ReadBudget {
  descriptors: number;
  networks: number;
}

/** The open files of the processes of one daemon in a container, in one scan and within bounds. */
export interface ContainedFiles {
  /** True when so much was read that nothing more is. */
  readonly isExhausted: boolean;
  /** As `ProcessFiles.list`. */
  list(process: ProcessFacts): readonly OpenFile[] | null;
  /** What a descriptor was opened for; null for neither, or where that cannot be told. */
  accessOf(process: ProcessFacts, fd: number): DescriptorInfo['access'] | null;
  /** Null where the file system that it lies on may not answer. */
  statOf(
    process: ProcessFacts,
    fd: number,
  ): { readonly isFile: boolean; readonly sizeBytes: number } | null;
  /**
   * Gives what reads a regular file anew, and what tells that file from others; null where that cannot
   * be had without waiting.
   */
  withFile<T>(
    process: ProcessFacts,
    fd: number,
    use: (read: (into: Buffer, position: number, length: number) => number, identity: string) => T,
  ): T | null;
  /** The TCP socket of that descriptor, by the network namespace that the process is in. */
  socketOf(process: ProcessFacts, fd: number): TcpSocket | null;
  /** The text of the process' root directory. */
  rootOf(process: ProcessFacts): string | null;
}

/** The process table by pid, through files that are kept open from scan to scan. */
export interface KeptTable {
  /** The facts of one process; null when there is none. */
  facts(pid: number): ProcessFacts | null;
  /** Every pid there is. */
  pids(): readonly number[];
  /**
   * The pid that was given last. Pids are given in ascending order, to threads too, and from the
   * beginning again after the highest. Null where that cannot be told for this table.
   */
  lastPid(): number | null;
  /** The same, read bit by bit while this process goes on with other work. */
  pidsBeside(): Promise<readonly number[]>;
  /** The least of the facts, for a search through thousands; null when there is no such process. */
  glance(pid: number): Glance | null;
  /** Each of these is null when the process is gone, the kernel lacks it, or descriptors run short. */
  keep(pid: number): KeptProcess | null;
  keepChildren(pid: number): KeptChildren | null;
  keepOpenFile(pid: number, fd: number): KeptFile | null;
}

/** What one reading tells of a process. */
export interface Glance {
  /** Null when it may not be read. */
  readonly executablePath: string | null;
  /** False when its effective uid is not 0. */
  readonly mayBeRoots: boolean;
}

/**
 * "idle": the process has not run since the last answer "may-have-run", so what was read of it
 * after that answer is what would be read now.
 */
export type Idleness = 'idle' | 'may-have-run' | 'gone';

/** Sees whether a process has run, without reading what it says of itself. */
export interface IdleWatch {
  see(): Idleness;
  close(): void;
}

/**
 * A process whose files are kept open. They belong to that very process: once it has ended it stays
 * ended, even when its pid is in use again.
 */
export interface KeptProcess {
  /** What can be told without reading anything that the process says of itself. */
  idleness(): Idleness;
  /** Its title now; null when it has ended. The same caution as with `ProcessTable.read`. */
  title(): string | null;
  close(): void;
}

/** A process' children, by a file that is kept open. */
export interface KeptChildren {
  /**
   * The pids now, the same array while they are the same; none when the process has ended. Children
   * that end meanwhile can hide others.
   */
  pids(): readonly number[];
  close(): void;
}

/** A file that is read again and again through one descriptor. */
export interface KeptFile {
  /** Reads from a position in bytes; gives the bytes read, or -1 when what it tells of is gone. */
  read(into: Buffer, position: number, length: number): number;
  close(): void;
}

/** The source of a process table has not answered within its time. */
export class TableLateError extends Error {}
