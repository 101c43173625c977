import type { KeptFile, ProcessFacts, ProcessFiles } from '../../os/processes/process-table.ts';
import { type FtpSession, withBytesMoved } from '../../sessions/session.ts';
import type { Candidate, SessionFollower } from '../driver.ts';
import type { HeldFile } from '../held-file.ts';
import { directionOf } from './direction.ts';
import { isOther } from './observation.ts';
import { scoreboardName, scoreboardsAmong } from './own-scoreboard.ts';
import { maxEntryBytes, parseEntry, progressBytes } from './scoreboard-entry.ts';
import type { ReadAt, Slot } from './scoreboard-file.ts';
import { findEntry } from './slots.ts';
import { maxUserBytes, withoutCutCharacter } from './title.ts';
import { isOverSsh, movedBytes } from './transfer.ts';

const buffer = Buffer.allocUnsafe(maxEntryBytes);

/**
 * Follows a session's own entry through a descriptor of its scoreboard. One that has none, or whose
 * transfers its entry does not tell, is observed anew whenever it has run.
 */
export function followSession(
  { process }: Candidate,
  files: ProcessFiles,
  keep: (fd: number) => KeptFile | null,
): SessionFollower {
  const held = findRoots(process, files);
  const scoreboard = held === null ? null : keep(held.fd);
  if (held === null || scoreboard === null) return unfollowed;
  const read: ReadAt = (into, position, length) => scoreboard.read(into, position, length);
  const found = findEntry(read, scoreboardName(held), process.pid, () => true);
  if (typeof found === 'object' && !isOverSsh(found.entry)) {
    return new EntryFollower(process, found.slot, scoreboard, files);
  }
  scoreboard.close();
  return unfollowed;
}

/** The scoreboard that it holds, by a descriptor that can be opened without waiting; null for none. */
function findRoots(process: ProcessFacts, files: ProcessFiles): HeldFile | null {
  for (const held of scoreboardsAmong(process, files.list(process) ?? [], files)) {
    if (!held.isLocal) return null;
    const file = files.open(process, held.fd);
    file?.close();
    if (file?.writableByRootOnly) return held;
  }
  return null;
}

const unfollowed: SessionFollower = { remember: () => true, read: () => null, close: () => {} };

/** The descriptor of a file in transfer, which tells how far it is. */
interface FollowedFile {
  readonly fd: number;
  readonly inode: string | null;
}

/** A class, since there is one for each session. */
class EntryFollower implements SessionFollower {
  readonly #process: ProcessFacts;
  readonly #slot: Slot;
  readonly #scoreboard: KeptFile;
  readonly #files: ProcessFiles;
  /** The entry without the progress. */
  readonly #bytes: Buffer;
  #file: FollowedFile | null = null;

  constructor(process: ProcessFacts, slot: Slot, scoreboard: KeptFile, files: ProcessFiles) {
    this.#process = process;
    this.#slot = slot;
    this.#scoreboard = scoreboard;
    this.#files = files;
    this.#bytes = Buffer.alloc(slot.layout.bytes - progressBytes);
  }

  remember(session: FtpSession): boolean {
    const { layout } = this.#slot;
    if (!this.#read()) return false;
    const entry = parseEntry(buffer.subarray(0, layout.bytes), layout);
    if (entry === null || entry.pid !== session.pid) return false;
    // The same answer a moment later, in the midst of a transfer by then, can look the same.
    if (isOther(entry)) return false;
    const direction = directionOf(entry.command);
    if (session.state !== (direction ?? 'idle')) return false;
    const began = direction === null ? session.idleSince : session.transferStartedAt;
    if (entry.waitedSince !== began) return false;
    if (!session.user?.startsWith(withoutCutCharacter(entry.user, maxUserBytes))) return false;
    this.#file = direction === null ? null : this.#find(session.path);
    if (direction !== null && this.#file === null) return false;
    buffer.copy(this.#bytes, 0, 0, this.#bytes.length);
    return true;
  }

  read(session: FtpSession): FtpSession | null {
    if (!this.#read()) return null;
    if (buffer.compare(this.#bytes, 0, this.#bytes.length, 0, this.#bytes.length) !== 0)
      return null;
    return this.#file === null ? session : this.#withProgress(session, this.#file);
  }

  close(): void {
    this.#scoreboard.close();
  }

  #read(): boolean {
    const { position, layout } = this.#slot;
    return this.#scoreboard.read(buffer, position, layout.bytes) === layout.bytes;
  }

  #find(path: string | null): FollowedFile | null {
    if (path === null) return null;
    const open = this.#files.list(this.#process)?.findLast(({ target }) => target === path);
    const info = open === undefined ? null : this.#files.describe(this.#process, open.fd);
    return open === undefined || info === null ? null : { fd: open.fd, inode: info.inode };
  }

  /** Null where the descriptor is another file's by now, or the file has gone back. */
  #withProgress(session: FtpSession, { fd, inode }: FollowedFile): FtpSession | null {
    const info = this.#files.describe(this.#process, fd);
    if (info === null || info.inode !== inode) return null;
    const { bytesMoved, bytesSkipped, state } = session;
    const isDownload = state === 'download';
    const now = isDownload ? movedBytes(info.positionBytes, bytesSkipped) : info.positionBytes;
    if (now === bytesMoved) return session;
    return now === null || now < (bytesMoved ?? 0) ? null : withBytesMoved(session, now);
  }
}
