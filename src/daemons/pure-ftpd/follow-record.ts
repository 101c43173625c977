import type { KeptFile, ProcessFiles } from '../../os/processes/process-table.ts';
import { type FtpSession, withBytesMoved } from '../../sessions/session.ts';
import type { Candidate, SessionFollower } from '../driver.ts';
import { isWithoutTransfer } from './observation.ts';
import { findOwnRecord } from './own-record.ts';
import {
  parseScoreboardEntry,
  progress,
  type ScoreboardEntry,
  scoreboardEntryLimit,
} from './scoreboard-entry.ts';
import { parseTitle } from './title.ts';

const buffer = Buffer.allocUnsafe(scoreboardEntryLimit);
const zeros = Buffer.alloc(scoreboardEntryLimit);

/** Follows a session's own record; null where it holds none that can be opened without waiting. */
export function followRecord(
  candidate: Candidate,
  files: ProcessFiles,
  keep: (fd: number) => KeptFile | null,
): SessionFollower | null {
  const own = findOwnRecord(candidate.process, files.list(candidate.process) ?? [], files);
  const record = typeof own === 'object' && own.isLocal ? keep(own.fd) : null;
  return record === null ? null : new RecordFollower(candidate.setsTitles, record);
}

/** A class, since there is one for each session. */
class RecordFollower implements SessionFollower {
  readonly #setsTitles: boolean;
  readonly #record: KeptFile;
  /**
   * The record's size, and its bytes before the progress and behind it, up to the last that is not 0: most
   * of it is an unused name. Texts, since a small buffer that stays keeps all of Node's pool with it.
   */
  #length = 0;
  #before = '';
  #behind = '';

  constructor(setsTitles: boolean, record: KeptFile) {
    this.#setsTitles = setsTitles;
    this.#record = record;
  }

  remember(session: FtpSession): boolean {
    const length = this.#record.read(buffer, 0, buffer.length);
    const bytes = buffer.subarray(0, Math.max(length, 0));
    const entry = parseScoreboardEntry(bytes);
    const title = parseTitle(session.title);
    const isSame =
      entry !== null &&
      entry.state === session.state &&
      entry.account === session.user &&
      (!this.#setsTitles || (title?.kind === 'session' && title.state === entry.state)) &&
      isStillOfTransfer(entry, session);
    if (!isSame) return false;
    this.#length = length;
    this.#before = buffer.toString('latin1', 0, progress.offset);
    this.#behind = buffer.toString('latin1', progress.end, usedLength(bytes));
    return true;
  }

  read(session: FtpSession): FtpSession | null {
    const length = this.#record.read(buffer, 0, buffer.length);
    if (length !== this.#length || !this.#isSameButProgress()) return null;
    const now = withProgress(session);
    // Bytes never go back within one transfer: it is another of the same name and second.
    return (now.bytesMoved ?? 0) < (session.bytesMoved ?? 0) ? null : now;
  }

  close(): void {
    this.#record.close();
  }

  #isSameButProgress(): boolean {
    const used = progress.end + this.#behind.length;
    return (
      buffer.toString('latin1', 0, progress.offset) === this.#before &&
      buffer.toString('latin1', progress.end, used) === this.#behind &&
      buffer.compare(zeros, 0, this.#length - used, used, this.#length) === 0
    );
  }
}

/**
 * Whether a record is still of the transfer that was observed: between two readings it can have ended
 * and another of the same name begun.
 */
function isStillOfTransfer(entry: ScoreboardEntry, session: FtpSession): boolean {
  if (entry.transferStartedAt !== session.lastTransferStartedAt) return false;
  if (entry.state === 'idle') return isWithoutTransfer(entry) === (session.idleSince !== null);
  const isSameSize = entry.state !== 'download' || entry.bytesTotal === session.bytesTotal;
  return entry.file === session.file && entry.bytesSkipped === session.bytesSkipped && isSameSize;
}

/** The number of bytes up to the last that is not 0, the progress included. */
function usedLength(record: Buffer): number {
  let length = record.length;
  while (length > progress.end && record[length - 1] === 0) length -= 1;
  return length;
}

function withProgress(session: FtpSession): FtpSession {
  if (session.state === 'idle') return session;
  const bytesMoved = Number(buffer.readBigInt64LE(progress.offset));
  return bytesMoved === session.bytesMoved ? session : withBytesMoved(session, bytesMoved);
}
