import { formatAddress } from '../../net/address.ts';
import type { SessionState } from '../session.ts';

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

interface Layout {
  readonly accountLength: number;
  readonly fileOffset: number;
  readonly fileLength: number;
}

const states = ['free', 'idle', 'download', 'upload'] as const;
const accountOffset = 0x130;

/** The file's length is PAGE_SIZE − 1024 where the C library defines PAGE_SIZE (musl), else 1024. */
const fileLengths = [1024, 4096 - 1024, 16384 - 1024, 65536 - 1024];

/**
 * The layouts of struct FTPWhoEntry on 64-bit Linux (pure-ftpd's ftpwho-update.h), by the size of
 * the whole struct, which is its file's size. The record has neither magic nor version; account[]
 * is 128 or 129 bytes by build, and the struct is padded to a multiple of 8.
 */
const layouts = new Map<number, Layout>(
  fileLengths.flatMap((fileLength) =>
    [128, 129].map((accountLength): [number, Layout] => {
      const fileOffset = accountOffset + accountLength;
      return [
        Math.ceil((fileOffset + fileLength) / 8) * 8,
        { accountLength, fileOffset, fileLength },
      ];
    }),
  ),
);

/** Where an entry tells the bytes moved: all that changes without the entry's lock. */
export const progress = { offset: 0x128, end: 0x130 } as const;

/** Larger than every known layout: reading so much tells an unknown one by its size. */
export const scoreboardEntryLimit = Math.max(...layouts.keys()) + 1;

/**
 * Reads the bytes of one scoreboard file, of its whole size.
 * Returns null when the size or the contents are of no layout known here: "cannot read".
 */
export function parseScoreboardEntry(bytes: Buffer): ScoreboardEntry | null {
  const layout = layouts.get(bytes.length);
  const state = layout && states[bytes.readUInt32LE(0)];
  if (state === undefined || layout === undefined) return null;
  const remote = readSockaddr(bytes, 0x08);
  const local = readSockaddr(bytes, 0x88);
  const account = readText(bytes, accountOffset, layout.accountLength);
  const numbers = [0x108, 0x110, 0x120, progress.offset].map((offset) => readInt64(bytes, offset));
  const [connectedAt, transferStartedAt, bytesTotal, bytesMoved] = numbers;
  if (remote === null || local === null || account === null || account === '') return null;
  if (connectedAt == null || transferStartedAt == null) return null;
  if (bytesTotal == null || bytesMoved == null) return null;
  return {
    state,
    pid: bytes.readInt32LE(4),
    remoteAddress: remote.address,
    remotePort: remote.port,
    localPort: local.port,
    connectedAt,
    transferStartedAt,
    account,
    file: readFileName(bytes, layout),
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

/**
 * pure-ftpd cuts a name that does not fit and leaves no NUL behind it. Of one that is a single byte
 * too long it puts a NUL in the place of the first byte and the rest behind that.
 */
function readFileName(bytes: Buffer, { fileOffset, fileLength }: Layout): string | null {
  const name = readText(bytes, fileOffset, fileLength);
  const isFull = bytes[fileOffset + fileLength - 1] !== 0;
  return name === '' && isFull ? null : name;
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
