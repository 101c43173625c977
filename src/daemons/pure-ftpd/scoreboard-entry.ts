import { formatAddress } from '../../lib/address-bytes.ts';
import type { SessionState } from '../../sessions/session.ts';

/** One entry of pure-ftpd's scoreboard: what a session writes of itself. */
export interface ScoreboardEntry {
  readonly state: SessionState | 'free';
  readonly pid: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  /** Seconds since the epoch. */
  readonly connectedAt: number;
  /** Seconds since the epoch. */
  readonly transferStartedAt: number;
  /** "?" before login. */
  readonly account: string;
  /** As the client named it; null when the entry holds only a part of it. */
  readonly file: string | null;
  readonly bytesTotal: number;
  readonly bytesMoved: number;
  /** Of these, what REST or APPE skipped; null for a number that pure-ftpd does not write. */
  readonly bytesSkipped: number | null;
}

const states = ['free', 'idle', 'download', 'upload'] as const;
const accountOffset = 0x130;

/** The file's length is PAGE_SIZE − 1024 where the C library defines PAGE_SIZE (musl), else 1024. */
const fileLengths = [1024, 4096 - 1024, 16384 - 1024, 65536 - 1024];

/** account[MAX_USER_LENGTH + 1]: upstream's, Debian's, and the longest that is believed. */
const commonAccountLengths = [128, 129];
const maxAccountLength = 1025;

/** The size of struct FTPWhoEntry, which is padded to a multiple of 8: that of its file. */
const sizeOf = (fileOffset: number, fileLength: number) =>
  Math.ceil((fileOffset + fileLength) / 8) * 8;

/** Where an entry tells the bytes moved: all that changes without the entry's lock. */
export const progress = { offset: 0x128, end: 0x130 } as const;

/** Larger than every possible entry: reading so much tells another file by its size. */
export const scoreboardEntryLimit =
  sizeOf(accountOffset + maxAccountLength, Math.max(...fileLengths)) + 1;

/**
 * Reads the bytes of one scoreboard file, of its whole size: struct FTPWhoEntry on 64-bit Linux
 * (pure-ftpd's ftpwho-update.h), which has neither magic nor version. Builds differ in the lengths of
 * the last two fields alone, account and file name, and so in nothing of an entry without a transfer.
 * Returns null when the size or the contents are no entry's: "cannot read".
 */
export function parseScoreboardEntry(bytes: Buffer): ScoreboardEntry | null {
  const possible = possibleFileLengths(bytes);
  const state = possible.length === 0 ? undefined : states[bytes.readUInt32LE(0)];
  if (state === undefined) return null;
  const remote = readSockaddr(bytes, 0x08);
  const local = readSockaddr(bytes, 0x88);
  const account = readText(bytes, accountOffset, maxAccountLength);
  const numbers = [0x108, 0x110, 0x120, progress.offset].map((offset) => readInt64(bytes, offset));
  const [connectedAt, transferStartedAt, bytesTotal, bytesMoved] = numbers;
  if (remote === null || local === null || account === null || account === '') return null;
  if (connectedAt == null || transferStartedAt == null) return null;
  if (bytesTotal == null || bytesMoved == null) return null;
  const isInTransfer = state === 'download' || state === 'upload';
  const file = isInTransfer ? readFileName(bytes, possible) : '';
  if (file === undefined) return null;
  return {
    state,
    pid: bytes.readInt32LE(4),
    remoteAddress: remote.address,
    remotePort: remote.port,
    localPort: local.port,
    connectedAt,
    transferStartedAt,
    account,
    file,
    bytesTotal,
    bytesMoved,
    bytesSkipped: readInt64(bytes, 0x118),
  };
}

/** struct sockaddr_in or sockaddr_in6 of Linux: family in native order, port and address in network order. */
function readSockaddr(bytes: Buffer, at: number): { address: string; port: number } | null {
  const family = bytes.readUInt16LE(at);
  const port = bytes.readUInt16BE(at + 2);
  if (family === 2) return { address: formatAddress(bytes.subarray(at + 4, at + 8)), port };
  if (family === 10) return { address: formatAddress(bytes.subarray(at + 8, at + 24)), port };
  return null;
}

/** The lengths of the file name with which an entry of this size has room for its account. */
function possibleFileLengths(bytes: Buffer): number[] {
  if (bytes.length % 8 !== 0 || bytes.length < accountOffset) return [];
  const account = bytes.indexOf(0, accountOffset) - accountOffset;
  if (account < 1) return [];
  return fileLengths.filter((fileLength) => {
    // The padding behind the file name takes up to seven bytes of these.
    const room = bytes.length - accountOffset - fileLength;
    return account < room && room - 7 <= maxAccountLength;
  });
}

/**
 * Reads the name of the file in transfer; null when it is cut, undefined when no layout explains
 * where it stands. Where the usual layouts do not fit, it begins at the first byte behind the account
 * that is not 0, as pure-ftpd fills the account's place with zeros (strncpy(3)); and from there it
 * must fit the size of the entry.
 *
 * pure-ftpd cuts a name that does not fit and leaves no NUL behind it. Of one that is a single byte
 * too long it puts a byte from in front of the name, usually NUL, in the place of the first and the
 * rest behind that: then the name seems to begin one byte further on and fills all the room.
 */
function readFileName(bytes: Buffer, possible: readonly number[]): string | null | undefined {
  const lengthFrom = (begin: number) =>
    possible.find((length) => sizeOf(begin, length) === bytes.length);
  const common = commonAccountLengths
    .map((length) => accountOffset + length)
    .find((at) => lengthFrom(at) !== undefined && bytes[at - 1] === 0 && bytes[at] !== 0);
  const begin = common ?? firstByteBehindAccount(bytes);
  if (begin === null) return '';
  const [length, lengthBefore] = [lengthFrom(begin), lengthFrom(begin - 1)];
  if (length === undefined) return lengthBefore === undefined ? undefined : null;
  const end = bytes.indexOf(0, begin);
  if (end < 0 || end >= begin + length) return null;
  const isLongest = end === begin + length - 1;
  if (isLongest && lengthBefore !== undefined && common === undefined) return null;
  return bytes.toString('utf8', begin, end);
}

/** Null where all is 0, up to what may be padding. */
function firstByteBehindAccount(bytes: Buffer): number | null {
  const from = bytes.indexOf(0, accountOffset);
  const at = bytes.subarray(from, bytes.length - 7).findIndex((byte) => byte !== 0);
  return at < 0 ? null : from + at;
}

/** The text up to its NUL, null without one. Bytes that are not UTF-8 become U+FFFD. */
function readText(bytes: Buffer, offset: number, length: number): string | null {
  const end = bytes.subarray(offset, offset + length).indexOf(0);
  return end < 0 ? null : bytes.toString('utf8', offset, offset + end);
}

/** A number that is negative or beyond 2^53 is none that pure-ftpd writes: null. */
function readInt64(bytes: Buffer, offset: number): number | null {
  const value = Number(bytes.readBigInt64LE(offset));
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}
