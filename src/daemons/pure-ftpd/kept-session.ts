import type { KeptFile, KeptProcess } from '../../os/processes/process-table.ts';
import { type FtpSession, type Gap, withBytesMoved } from '../../sessions/session.ts';
import type { Candidate } from './candidates.ts';
import {
  parseScoreboardEntry,
  progress,
  type ScoreboardEntry,
  scoreboardEntryLimit,
} from './scoreboard-entry.ts';
import { isWithoutTransfer } from './sighting.ts';
import { parseTitle } from './title.ts';

/**
 * A session that has logged in, with its files kept open: a look costs one read of one that has not
 * run since the last, else three.
 * The owner of a process that was root's cannot change once more, nor can its executable.
 */
export interface KeptSession {
  readonly candidate: Candidate;
  readonly process: KeptProcess;
  /** Null where the record is not to be had. */
  readonly record: KeptFile | null;
  /** What was found when title and record last agreed. */
  settled: Settled | null;
  /** The number of the look that has read it last. */
  readInLook: number;
}

/** Is itself the reading of a session that is as it was: one is given for each of thousands. */
interface Settled {
  readonly kind: 'same';
  readonly title: string;
  /** The record's size, and its bytes up to the last that is not 0: most of it is an unused name. */
  readonly recordLength: number;
  readonly recordBytes: Buffer;
  session: FtpSession;
  readonly gaps: readonly Gap[];
}

export type KeptReading =
  | { readonly kind: 'gone' }
  | { readonly kind: 'same'; readonly session: FtpSession; readonly gaps: readonly Gap[] }
  /** Something but the progress of a transfer is another than it was: look closely. */
  | { readonly kind: 'changed'; readonly title: string };

const buffer = Buffer.allocUnsafe(scoreboardEntryLimit);
const zeros = Buffer.alloc(scoreboardEntryLimit);

/** Reads a kept session: of one that has not run a single file tells that all is as it was. */
export function readKept(kept: KeptSession): KeptReading {
  const { settled, record } = kept;
  const stillness = kept.process.stillness();
  if (stillness === 'still' && settled !== null) return settled;
  const title = stillness === 'gone' ? null : kept.process.title();
  if (title === null) return { kind: 'gone' };
  if (settled === null || record === null || title !== settled.title) {
    return { kind: 'changed', title };
  }
  const length = record.read(buffer, 0, buffer.length);
  if (!isSameButProgress(length, settled)) return { kind: 'changed', title };
  const session = withProgress(settled.session);
  // Bytes never go back within one transfer: it is another of the same name and second.
  if ((session.bytesMoved ?? 0) < (settled.session.bytesMoved ?? 0)) {
    return { kind: 'changed', title };
  }
  if (session !== settled.session) settled.session = session;
  return settled;
}

/**
 * Remembers what a close look found, if the two files say the same right now: then they can be
 * compared with from here on.
 */
export function remember(kept: KeptSession, session: FtpSession, gaps: readonly Gap[]): void {
  kept.settled = null;
  const title = kept.process.title();
  if (title === null || kept.record === null) return;
  const length = kept.record.read(buffer, 0, buffer.length);
  const record = buffer.subarray(0, Math.max(length, 0));
  const entry = parseScoreboardEntry(record);
  const parsed = parseTitle(title);
  const isSame =
    title === session.title &&
    entry !== null &&
    entry.state === session.state &&
    entry.account === session.user &&
    (!kept.candidate.setsTitles || (parsed?.kind === 'session' && parsed.state === entry.state)) &&
    isSameTransfer(entry, session);
  if (!isSame) return;
  const recordBytes = Buffer.from(record.subarray(0, usedLength(record)));
  kept.settled = { kind: 'same', title, recordLength: length, recordBytes, session, gaps };
}

/** Between the two readings one transfer can have ended and another of the same name begun. */
function isSameTransfer(entry: ScoreboardEntry, session: FtpSession): boolean {
  if (entry.transferStartedAt !== session.lastTransferStartedAt) return false;
  if (entry.state === 'idle') return isWithoutTransfer(entry) === (session.idleSince !== null);
  const isSameSize = entry.state !== 'download' || entry.bytesTotal === session.bytesTotal;
  return entry.file === session.file && entry.bytesSkipped === session.bytesSkipped && isSameSize;
}

export function closeKept({ process, record }: KeptSession): void {
  process.close();
  record?.close();
}

/** The number of bytes up to the last that is not 0, the progress included. */
function usedLength(record: Buffer): number {
  let length = record.length;
  while (length > progress.end && record[length - 1] === 0) length -= 1;
  return length;
}

function isSameButProgress(
  length: number,
  { recordLength, recordBytes: before }: Settled,
): boolean {
  return (
    length === recordLength &&
    buffer.compare(before, 0, progress.offset, 0, progress.offset) === 0 &&
    buffer.compare(before, progress.end, before.length, progress.end, before.length) === 0 &&
    buffer.compare(zeros, 0, length - before.length, before.length, length) === 0
  );
}

function withProgress(session: FtpSession): FtpSession {
  if (session.state === 'idle') return session;
  const bytesMoved = Number(buffer.readBigInt64LE(progress.offset));
  return bytesMoved === session.bytesMoved ? session : withBytesMoved(session, bytesMoved);
}
