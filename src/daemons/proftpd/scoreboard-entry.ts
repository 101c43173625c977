import { isIP } from 'node:net';

/**
 * What ProFTPD keeps of one session in its scoreboard, as far as it is used. The layout is that of
 * 1.3.6 to 1.3.10, for machines of 64 bits and the byte order of x86 and ARM.
 */
export interface ScoreboardEntry {
  readonly pid: number;
  /** "(none)" before the login; cut at 31 bytes. */
  readonly user: string;
  readonly localPort: number | null;
  readonly remoteAddress: string | null;
  /** The peer's name as of the connection, or its address; cut at 79 bytes. */
  readonly clientName: string;
  /** "ftp", "ftps" from the login on, "ssh2", "sftp", "scp". */
  readonly protocol: string;
  /** Inside the session's root directory; cut at 79 bytes. */
  readonly directory: string;
  /** "" before the login, "idle" while it waits, else in capitals. */
  readonly command: string;
  /** As the client gave it; cut at 78 bytes. */
  readonly argument: string;
  /** When it last began to wait for a command, in seconds since the epoch; 0 before the login. */
  readonly waitedSince: number;
  /** Seconds since the epoch. */
  readonly connectedAt: number;
  /** What a download has to send. Uploads and later listings leave the last one's. */
  readonly transferBytes: number;
  /** What has been sent or received, without what REST skipped. */
  readonly bytesMoved: number;
}

/** Where the fields of one build stand. */
export interface EntryLayout {
  /** The size of an entry in bytes. */
  readonly bytes: number;
  readonly addressBytes: number;
}

/** A build with IPv6, which is the default, and one without. */
export const entryLayouts: readonly EntryLayout[] = [
  { bytes: 624, addressBytes: 46 },
  { bytes: 600, addressBytes: 16 },
];

export const maxEntryBytes = 624;

/** The last bytes of an entry, which alone change within a transfer. */
export const progressBytes = 32;

const addressOffset = 160;

/**
 * Reads one entry. Null for a free slot, which is all zeros, and for what ProFTPD does not write: a
 * text without its end or with something behind it, as a reading in the midst of a write gives. Bytes
 * that are not UTF-8 become U+FFFD.
 */
export function parseEntry(bytes: Buffer, layout: EntryLayout): ScoreboardEntry | null {
  if (bytes.length !== layout.bytes) return null;
  const pid = bytes.readInt32LE(0);
  const name = addressOffset + layout.addressBytes;
  const texts = [
    readText(bytes, 12, 32),
    readText(bytes, 48, 80),
    readText(bytes, addressOffset, layout.addressBytes),
    readText(bytes, name, 80),
    readText(bytes, name + 112, 32),
    readText(bytes, name + 144, 80),
    readText(bytes, name + 224, 65),
    readText(bytes, name + 289, 80),
  ] as const;
  const [user, server, address, clientName, protocol, directory, command, argument] = texts;
  const times = bytes.length - 48;
  const numbers = [0, 8, 16, 32].map((offset) => readInt64(bytes, times + offset));
  const [waitedSince, connectedAt, transferBytes, bytesMoved] = numbers;
  if (pid <= 0 || user === null || server === null || address === null) return null;
  if (clientName === null || protocol === null || directory === null) return null;
  if (command === null || argument === null || (command === 'idle' && argument !== '')) return null;
  if (waitedSince == null || !connectedAt || transferBytes == null || bytesMoved == null) {
    return null;
  }
  return {
    pid,
    user,
    localPort: portOf(server),
    remoteAddress: isIP(address) === 0 ? null : address,
    clientName,
    protocol,
    directory,
    command,
    argument,
    waitedSince,
    connectedAt,
    transferBytes,
    bytesMoved,
  };
}

/** The address may be a v4-mapped one: the port is what stands behind the last colon. */
function portOf(server: string): number | null {
  const digits = /:(\d{1,5})$/.exec(server)?.[1];
  const port = Number(digits);
  return digits !== undefined && port > 0 && port <= 65_535 ? port : null;
}

function readText(bytes: Buffer, offset: number, length: number): string | null {
  const field = bytes.subarray(offset, offset + length);
  const end = field.indexOf(0);
  if (end < 0 || field.subarray(end).some((byte) => byte !== 0)) return null;
  return field.toString('utf8', 0, end);
}

/** A number that is negative or beyond 2^53 is none that ProFTPD writes: null. */
function readInt64(bytes: Buffer, offset: number): number | null {
  const value = Number(bytes.readBigInt64LE(offset));
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}
