import {
  type EntryLayout,
  entryLayouts,
  maxEntryBytes,
  parseEntry,
  progressBytes,
  type ScoreboardEntry,
} from './scoreboard-entry.ts';

/** Reads a file from a position in bytes; gives the bytes read, or less than 0. */
export type ReadAt = (into: Buffer, position: number, length: number) => number;

/** Where the entry of a session stands. */
export interface Slot {
  readonly position: number;
  readonly layout: EntryLayout;
}

const headerBytes = 32;
const magic = 0xdeadbeefn;
/** The same from ProFTPD 1.3.6 to 1.3.10. */
const version = 0x01040003n;

/** More than 50,000 sessions take: a longer file is none of ProFTPD's. */
const maxFileBytes = 32 * 1024 * 1024;

/** Reads which pids have an entry where; null for a file that is no scoreboard of a known layout. */
export function readSlots(read: ReadAt): ReadonlyMap<number, Slot> | null {
  const bytes = readWhole(read);
  if (bytes === null || bytes.length < headerBytes) return null;
  if (bytes.readBigUInt64LE(0) !== magic || bytes.readBigUInt64LE(8) !== version) return null;
  const entries = bytes.subarray(headerBytes);
  const [layout, ...others] = entryLayouts.filter((each) => entries.length % each.bytes === 0);
  if (layout === undefined) return null;
  // Both fit by chance in a file of so many sessions; the texts of the right one alone have their ends.
  const right = [layout, ...others].find((each) => fits(entries, each)) ?? layout;
  const slots = new Map<number, Slot>();
  const latest = new Map<number, bigint>();
  for (let at = 0; at < entries.length; at += right.bytes) {
    const pid = entries.readInt32LE(at);
    // Two of one pid: one that was killed has left its entry behind.
    const isLater = connectedAt(entries, at, right) >= (latest.get(pid) ?? 0n);
    if (pid <= 0 || !isLater) continue;
    latest.set(pid, connectedAt(entries, at, right));
    slots.set(pid, { position: headerBytes + at, layout: right });
  }
  return slots;
}

function connectedAt(entries: Buffer, at: number, { bytes }: EntryLayout): bigint {
  return entries.readBigInt64LE(at + bytes - 40);
}

function fits(entries: Buffer, { bytes, ...layout }: EntryLayout): boolean {
  for (let at = 0; at < entries.length; at += bytes) {
    if (parseEntry(entries.subarray(at, at + bytes), { bytes, ...layout }) !== null) return true;
  }
  return false;
}

let whole = Buffer.allocUnsafe(64 * 1024);

function readWhole(read: ReadAt): Buffer | null {
  let length = 0;
  for (;;) {
    if (length === whole.length) {
      if (length >= maxFileBytes) return null;
      whole = Buffer.concat([whole], whole.length * 2);
    }
    const count = read(whole.subarray(length), length, whole.length - length);
    if (count < 0) return null;
    if (count === 0) return whole.subarray(0, length);
    length += count;
  }
}

const first = Buffer.allocUnsafe(maxEntryBytes);
const second = Buffer.allocUnsafe(maxEntryBytes);

/** An entry that was read, and whether it was whole. */
export interface EntryReading {
  readonly entry: ScoreboardEntry;
  /** False when it may have been read in the midst of a write. */
  readonly isSettled: boolean;
}

/**
 * Reads the entry in a slot twice, without the lock, which would cost ProFTPD the record of a new
 * session: two readings that say the same but for the progress, and whose fields are as ProFTPD
 * writes them, were whole. "other" where the slot is free or another pid's by now, "torn" where what
 * is there is no entry just now.
 */
export function readEntry(read: ReadAt, pid: number, slot: Slot): EntryReading | 'other' | 'torn' {
  const { position, layout } = slot;
  const [one, two] = [first, second].map((buffer) => buffer.subarray(0, layout.bytes));
  if (one === undefined || two === undefined) return 'torn';
  if (read(one, position, layout.bytes) !== layout.bytes || one.readInt32LE(0) !== pid) {
    return 'other';
  }
  if (read(two, position, layout.bytes) !== layout.bytes) return 'other';
  const entry = parseEntry(two, layout);
  if (entry === null) return two.readInt32LE(0) === pid ? 'torn' : 'other';
  if (entry.pid !== pid) return 'other';
  const end = layout.bytes - progressBytes;
  return { entry, isSettled: one.compare(two, 0, end, 0, end) === 0 };
}
