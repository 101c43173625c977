/*
 * The lines of the session log: one JSON object each, in the order in which they were learned. Times
 * are UTC in ISO 8601 with milliseconds, so that texts compare as times do.
 */

/**
 * How a session ended:
 * - `left`: its process closed its record by itself: QUIT, a connection that broke, a time-out or a
 *   signal that asked it to end, which the record does not tell apart;
 * - `cut`: its process ended without that: killed, or a crash;
 * - `ended`: by uapid, on demand of `ended_by`;
 * - `daemon-gone`: cut, and its master is gone too;
 * - `unknown`.
 */
export type SessionEnding = 'left' | 'cut' | 'ended' | 'daemon-gone' | 'unknown';

/** Why a field is null. */
export type Unknown =
  /** The session was over before it could be looked up. */
  | 'over-too-soon'
  /** What it was learned from does not tell. */
  | 'not-in-record'
  /** No file with the transfers of this daemon is known. */
  | 'no-transfer-log'
  /** Its daemon's log of transfers was truncated meanwhile, or begins later. */
  | 'transfer-log-cut'
  /** Some may be another session's of that user, address and time; of bytes alone: more than can be. Of an owner: the uid of its process cannot be read, or does not stay the same. */
  | 'not-certain'
  /** It has not come to that yet. */
  | 'not-yet'
  /** It has ended while nobody was there to see it. */
  | 'not-seen'
  /** Nobody has said for whom. */
  | 'not-told';

/** One file that a session has transferred, as its daemon's log tells it. */
export interface FileLine {
  readonly at: string | null;
  readonly direction: 'upload' | 'download';
  readonly bytes: number;
  readonly seconds: number | null;
  /** False where it broke off. */
  readonly whole: boolean;
  readonly file: string;
}

/**
 * By what transfers were found to be a session's. `looks` is by time, user and address, too, where sessions that
 * nobody looked at may have had some of them.
 */
export type TransferJoin = 'session-id' | 'time-user-address' | 'time-user' | 'looks';

/**
 * A session, at its end or, where the line is a `begin`, soon after its login. A line `files` comes
 * before the end of a session with very many files, and has the first of them alone.
 */
export interface SessionLine {
  readonly event: 'session' | 'begin' | 'files';
  /** pure-ftpd's own name of a session: its time of connection and its pid, both in hexadecimal. */
  readonly id: string;
  readonly daemon: string;
  readonly host: string;
  readonly pid: number;
  /** With host and pid the identity of the process. */
  readonly start: string | null;
  readonly user: string | null;
  /**
   * Whether the daemon's record proved that login (`FtpSession.isUserProven`). Lines of pure-ftpd lack it, whose
   * login is always from the record; so do those of looks of earlier versions, of which nobody knows.
   */
  readonly user_proven?: boolean;
  /** The uid that its process ran as after the login, and the name that the uid had then. */
  readonly owner: number | null;
  readonly owner_name: string | null;
  readonly address: string | null;
  readonly port: number | null;
  readonly local_port: number | null;
  readonly protocol: 'ftp' | 'ftps' | 'sftp' | null;
  readonly connected_at: string | null;
  readonly ended_at: string | null;
  readonly end: SessionEnding | null;
  readonly ended_by: string | null;
  readonly transfers: number | null;
  readonly bytes: number | null;
  /** By what they are known to be this session's. Lines of earlier versions lack it, and `files`. */
  readonly transfers_by?: TransferJoin | null;
  readonly files?: readonly FileLine[];
  /** Whether events told of it, so that it is all there, or looks that somebody asked for. */
  readonly seen: 'events' | 'looks';
  /** Of each field that is null, though the session has or had it: why. */
  readonly why: Readonly<Record<string, Unknown>>;
}

/** What may be missing in the log, between two times. */
export type GapCause =
  /** Nothing was recorded before: the recorder was not running. */
  | 'not-running'
  /** More events came than the kernel keeps (inotify(7), max_queued_events). */
  | 'events-lost'
  /** The daemon's directory was never there, though the daemon was seen. */
  | 'directory-absent'
  /** The daemon's directory was replaced or removed. */
  | 'directory-replaced'
  /** The daemon's directory may not be read, or is not root's alone. */
  | 'directory-unreadable'
  /** A connection was over before its record could be opened; `pid` is its process'. */
  | 'record-missed'
  /** A record is none that uapid knows; `pid` is its process'. */
  | 'record-unreadable'
  /** Lines could not be written, `count` of them. */
  | 'lines-lost'
  /** Of this daemon nothing tells but scans that somebody asks for: from `since` on, without an end. */
  | 'looks-only'
  /** Of this daemon the scoreboard tells, from `since` on: sessions of a few milliseconds may be missing. */
  | 'slots-only'
  /** Of this daemon's SFTP sessions nothing tells but scans, from `since` on, though its scoreboard tells of others. */
  | 'sftp-looks-only'
  /** The system's clock was set: times from before and after are not to be compared. */
  | 'clock-set'
  /** An administrator had lines deleted, `count` of them. */
  | 'deleted';

export interface GapLine {
  readonly event: 'gap';
  readonly at: string;
  /** When it may have begun; null where that is not known. */
  readonly since: string | null;
  readonly daemon: string | null;
  readonly cause: GapCause;
  readonly pid?: number;
  readonly count?: number;
  /** It lasts still when the line is written: its end comes in a line of the same `since` and cause. */
  readonly open?: true;
}

export type LogLine = SessionLine | GapLine;

export function formatLine(line: LogLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** The value of a line without its end; null for one that a crash or a full disk has cut. */
export function parseLine(text: string): LogLine | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'event' in value
      ? withExactBytes(value as LogLine)
      : null;
  } catch {
    return null;
  }
}

/**
 * Earlier versions believed any number of bytes of a daemon's log, also one that no answer can have: its file
 * was made up, and the sum says nothing.
 */
function withExactBytes(line: LogLine): LogLine {
  if (line.event === 'gap') return line;
  const { bytes, files, why } = line;
  const isExact = bytes === null || Number.isSafeInteger(bytes);
  const isMadeUp = (file: FileLine) => !Number.isSafeInteger(file.bytes);
  if (isExact && !files?.some(isMadeUp)) return line;
  return {
    ...line,
    ...(isExact ? {} : { bytes: null, why: { ...why, bytes: 'not-certain' } }),
    ...(files && { files: files.filter((file) => !isMadeUp(file)) }),
  };
}

/** A time on the wall, in milliseconds since the epoch, as the log writes it. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}
