import type { FtpSession, SessionState } from '../../sessions/session.ts';
import { fileNameOf, type NameSources } from './file-name.ts';
import type { OpenTransfer } from './open-transfer.ts';
import type { ScoreboardEntry } from './scoreboard-entry.ts';

/** What a session says of its transfer. */
export type Transfer = Pick<
  FtpSession,
  'state' | 'file' | 'path' | 'bytesMoved' | 'bytesSkipped' | 'bytesTotal' | 'transferStartedAt'
>;

export const noTransfer: Transfer = {
  state: 'idle',
  file: '',
  path: '',
  bytesMoved: null,
  bytesSkipped: null,
  bytesTotal: null,
  transferStartedAt: null,
};

/** True for the protocols of mod_sftp, whose record and title say nothing of a transfer. */
export function isOverSsh(entry: Pick<ScoreboardEntry, 'protocol'>): boolean {
  return !['ftp', 'ftps'].includes(entry.protocol);
}

/** Puts a transfer together from the open file, and its name from record and title. */
export function transferOf(
  state: SessionState,
  open: OpenTransfer | null,
  entry: ScoreboardEntry | null,
  names: Pick<NameSources, 'recorded' | 'titled' | 'isChosenByDaemon'>,
): Transfer {
  if (state === 'idle') return noTransfer;
  const path = open?.path ?? null;
  const isNamed = entry === null || !isOverSsh(entry);
  return {
    state,
    file: isNamed ? fileNameOf({ ...names, path }) : path,
    path,
    ...bytesOf(open, entry),
    transferStartedAt: entry === null || isOverSsh(entry) ? null : entry.waitedSince,
  };
}

type Bytes = Pick<FtpSession, 'bytesMoved' | 'bytesSkipped' | 'bytesTotal'>;

const noBytes: Bytes = { bytesMoved: null, bytesSkipped: null, bytesTotal: null };

/**
 * How far a transfer is: the position in the file. A plain binary download is one sendfile(2) of all
 * that is left, which moves no position before its end: what is sent is not known then, and not 0.
 * mod_sftp moves no position at all.
 */
function bytesOf(open: OpenTransfer | null, entry: ScoreboardEntry | null): Bytes {
  if (open === null) return noBytes;
  const { direction, positionBytes, sizeBytes } = open;
  if (entry === null || isOverSsh(entry)) {
    const isKnown = entry === null && positionBytes > 0 && direction === 'upload';
    return { ...noBytes, bytesMoved: isKnown ? positionBytes : null, bytesTotal: sizeBytes };
  }
  if (direction === 'upload') return { ...noBytes, bytesMoved: positionBytes };
  const bytesSkipped = skippedOf(open, entry);
  return {
    bytesMoved: movedBytes(positionBytes, bytesSkipped),
    bytesSkipped,
    bytesTotal: sizeBytes,
  };
}

/** The bytes of a download by its position; null while it stands where it began, or may do so. */
export function movedBytes(positionBytes: number, bytesSkipped: number | null): number | null {
  return bytesSkipped !== null && positionBytes > bytesSkipped ? positionBytes : null;
}

/** The record has what was left to send at the beginning, of this transfer or, just then, of the last. */
function skippedOf(
  { positionBytes, sizeBytes }: OpenTransfer,
  { transferBytes }: ScoreboardEntry,
): number | null {
  if (positionBytes === 0) return 0;
  const skipped = (sizeBytes ?? -1) - transferBytes;
  return skipped >= 0 && skipped <= positionBytes ? skipped : null;
}
