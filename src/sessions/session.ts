import type { SessionContainer } from './container.ts';
import type { FtpAccountList } from './ftp-account.ts';
import type { SessionIdentity } from './identity.ts';
import type { Scope } from './scope.ts';
import type { ServersReport } from './servers.ts';

/** What a session is doing; a listing, the TLS handshake and waiting all count as idle. */
export type SessionState = 'idle' | 'download' | 'upload';

/**
 * One FTP session that has logged in, in our own words. A fact that no source could give is null:
 * never a guess.
 */
export interface FtpSession extends SessionIdentity {
  /** The name of the daemon that serves the session, e.g. "pure-ftpd". */
  readonly daemon: string;
  /** The process title as the process table shows it, cut at its end mark. */
  readonly title: string;
  /** The uid that the session's process runs as; it owns the session. Root's (0) belong to no account. */
  readonly ownerUid: number;
  /** The FTP login, a system user's or a virtual one's. */
  readonly user: string | null;
  /**
   * True when the daemon's own record of this very process tells the login. False where there is
   * none, and where nothing but a title, a name of a file or a time speaks for it.
   */
  readonly isUserProven: boolean;
  /** The peer's IP address in its shortest text form; IPv4 for v4-mapped peers. */
  readonly remoteAddress: string | null;
  readonly remotePort: number | null;
  readonly localPort: number | null;
  readonly state: SessionState;
  /** The file in transfer as the client named it; "" when idle. */
  readonly file: string | null;
  /**
   * The full path on this host of the file in transfer, as it was when the transfer was first seen;
   * "" when idle. An upload that takes an old file's place goes to a temporary one beside it.
   */
  readonly path: string | null;
  /**
   * The command that it carries out with its argument, as far as the daemon tells it, without what may
   * be a secret; null while it waits for one, and where the daemon does not tell.
   */
  readonly command: string | null;
  /** What the control connection speaks; null where that cannot be told. */
  readonly protocol: 'ftp' | 'ftps' | 'sftp' | null;
  /** Bytes of the file moved so far, the part skipped by REST included; null when idle. */
  readonly bytesMoved: number | null;
  /** Of these, the bytes that REST or APPE skipped; null when idle. */
  readonly bytesSkipped: number | null;
  /** The file's size in bytes; known for downloads only. */
  readonly bytesTotal: number | null;
  /** Seconds since the epoch. */
  readonly connectedAt: number | null;
  /** Seconds since the epoch; null when idle. */
  readonly transferStartedAt: number | null;
  /**
   * When this or the last transfer began, in seconds since the epoch; the time of connection where
   * there was none. It differs after another transfer, unless both began within one second.
   */
  readonly lastTransferStartedAt: number | null;
  /** Seconds since the epoch; null in a transfer, and after one, where the record does not tell. */
  readonly idleSince: number | null;
  /** True where it is no FTP session in the strict sense, so that `list_sessions` leaves it out. */
  readonly isUnlisted?: true;
  /** At the gateway of a fleet: the owner's name on its host; null where it has none there. */
  readonly ownerName?: string | null;
  /** Where it runs in a container: then that account owns it, `ownerUid` is 0, and `path` is not known. */
  readonly container?: SessionContainer;
}

/**
 * The same session with its transfer further on. Property by property: V8 gives an object that is
 * spread from another a hidden class of its own, and thousands of those cost memory and make every
 * use of a session slow.
 */
export function withBytesMoved(session: FtpSession, bytesMoved: number): FtpSession {
  return {
    host: session.host,
    pid: session.pid,
    startTime: session.startTime,
    daemon: session.daemon,
    title: session.title,
    ownerUid: session.ownerUid,
    user: session.user,
    isUserProven: session.isUserProven,
    remoteAddress: session.remoteAddress,
    remotePort: session.remotePort,
    localPort: session.localPort,
    state: session.state,
    file: session.file,
    path: session.path,
    command: session.command,
    protocol: session.protocol,
    bytesMoved,
    bytesSkipped: session.bytesSkipped,
    bytesTotal: session.bytesTotal,
    connectedAt: session.connectedAt,
    transferStartedAt: session.transferStartedAt,
    lastTransferStartedAt: session.lastTransferStartedAt,
    idleSince: session.idleSince,
    ...(session.isUnlisted === true ? { isUnlisted: true } : {}),
    ...(session.ownerName === undefined ? {} : { ownerName: session.ownerName }),
    ...(session.container === undefined ? {} : { container: session.container }),
  };
}

/**
 * Why something could not be seen: a cause that daemons share, or one that a daemon's description
 * names. `daemons/gap-text.ts` has the sentence for each.
 */
export type GapCause = SharedGapCause | (string & Record<never, never>);

export type SharedGapCause =
  /** The system hides other users' processes (hidepid). */
  | 'processes-hidden'
  /** Executables may not be read, so titles and parenthood alone tell what is an FTP daemon. */
  | 'executables-unreadable'
  /** The process table's source has not answered in time. */
  | 'processes-late'
  /**
   * A process looks like an FTP daemon and does not count: it lives elsewhere, it is an ordinary
   * user's, or others than root may write its program.
   */
  | 'daemon-in-container'
  | 'daemon-in-user-namespace'
  | 'daemon-of-user'
  | 'daemon-untrusted'
  /** Whether a connection of root's has logged in cannot be told. */
  | 'login-unknown'
  /** A process looks like a session, and what would prove it may not be read. */
  | 'session-unproven'
  /** A read of what the kernel tells of a process did not return, so it is not looked at. */
  | 'process-left-alone'
  /** The driver of a daemon failed or was late; the gap names the daemon. */
  | 'daemon-failed'
  /** A session may be one of the logins that are asked for, and nothing proves its own. */
  | 'login-unproven'
  /** The scope names a system user that this host does not have, or that is root. */
  | 'system-user-unknown'
  | 'system-user-is-root'
  /** A container that the configuration names has more than is looked at. */
  | 'container-crowded'
  /** Looking into such a container failed. */
  | 'container-failed'
  /** A session there keeps its record where opening it may wait. */
  | 'container-record-unreadable'
  | 'address-unknown'
  | 'file-unknown'
  | 'state-unknown';

/** Something that a scan could not see. */
export interface Gap {
  readonly cause: GapCause;
  /**
   * The uid whose sessions it concerns; null when it concerns the whole host. What concerns root's (0)
   * reaches only those who may learn of everybody's.
   */
  readonly ownerUid: number | null;
  /** Of the process that was left alone. */
  readonly pid?: number;
  /** The name of the daemon that could not be looked at. */
  readonly daemon?: string;
  /** The name of the system user that the scope names. */
  readonly systemUser?: string;
  /** The account whose container it concerns; then `ownerUid` is 0. */
  readonly account?: string;
  /** The login of the session that it concerns, where it is proven. */
  readonly login?: string;
  /** At the gateway of a fleet: the host that could not see it. */
  readonly host?: string;
}

/** An FTP daemon seen running: its master process. */
export interface RunningDaemon {
  readonly name: string;
  readonly pid: number;
  /** The TCP ports that it listens on, ascending; null when they cannot be known. */
  readonly ports: readonly number[] | null;
  /** At the gateway of a fleet: the host that it runs on. */
  readonly host?: string;
}

/** A process in a container that looks like the first one of a daemon there. */
export interface ContainedDaemon {
  readonly name: string;
  readonly container: SessionContainer;
}

/** The result of one scan. No sessions and no gaps is a promise that nobody is connected. */
export interface Snapshot {
  /** When the scan began, in milliseconds since the epoch. */
  readonly begunAt: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** Counts the scans of the collector that made it, also those that failed, from 1. */
  readonly scanNumber: number;
  readonly sessions: readonly FtpSession[];
  readonly gaps: readonly Gap[];
  readonly daemons: readonly RunningDaemon[];
  /** The daemons in containers that the configuration gives to accounts of the scope; absent for none. */
  readonly containedDaemons?: readonly ContainedDaemon[] | undefined;
  /** Where they were asked for, of each session in its place, as of a moment after the scan. */
  readonly details?: readonly SessionDetails[] | undefined;
  /** Where they were asked for, the FTP accounts of the scope. */
  readonly ftpAccounts?: FtpAccountList | undefined;
  /** At the gateway of a fleet: which hosts were asked, and which did not answer. */
  readonly servers?: ServersReport | undefined;
}

/** What is read for those alone that ask for it. */
export interface SnapshotWants {
  readonly details?: true | undefined;
  readonly ftpAccounts?: true | undefined;
}

/** What of a session costs reads of its own. */
export interface SessionDetails {
  /**
   * Its current directory as the session itself has it, from its root directory on; null where that is
   * not known.
   */
  readonly directory: string | null;
  /** What a download goes over; null in any other state, and where it is not known. */
  readonly sendingOver: DataConnection | null;
  /**
   * Where there is none: connections to its peer that have been ended on this side, and over which the
   * system still sends what had been handed to it.
   */
  readonly leftBehind: readonly DataConnection[];
}

/** A connection as its ends and what of it is on its way. */
export interface DataConnection {
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Bytes that the daemon has handed to the system and the peer's has not confirmed. */
  readonly unsentBytes: number;
}

/** Where sessions come from: the collector itself, or a client of a process that runs it. */
export interface SessionSource {
  /**
   * Looks at the host, at a moment after the call, for the sessions in the scope and what could not be
   * seen of them. Rejects only when looking itself failed, or system users could not be looked up.
   */
  snapshot(scope: Scope, wants?: SnapshotWants): Promise<Snapshot>;
}
