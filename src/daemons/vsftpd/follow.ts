import type { ProcessFiles } from '../../os/processes/process-table.ts';
import { type FtpSession, withBytesMoved } from '../../sessions/session.ts';
import type { Candidate, SessionFollower } from '../driver.ts';
import { createProgress, type Progress } from './progress.ts';
import { inheritedFrom, isSameTransfer, type OpenTransfer, readTransfer } from './transfer.ts';

/**
 * Follows a session by the list of its open files: whose it is and where from does not change after
 * the login, and its title the engine compares.
 */
export function followFiles({ process, parent }: Candidate, files: ProcessFiles): SessionFollower {
  const inherited = inheritedFrom(parent, files);
  return new FilesFollower(() => readTransfer(process, files, inherited));
}

/** A class, since there is one for each session. */
class FilesFollower implements SessionFollower {
  readonly #read: () => OpenTransfer | 'none' | null;
  readonly #progress: Progress = createProgress();
  /** The transfer of the session that is remembered. */
  #transfer: OpenTransfer | 'none' = 'none';

  constructor(read: () => OpenTransfer | 'none' | null) {
    this.#read = read;
  }

  remember(session: FtpSession): boolean {
    const transfer = this.#read();
    if (transfer === null) return false;
    this.#transfer = transfer;
    if (transfer === 'none') return session.state === 'idle';
    this.#progress.bytesOf(transfer);
    return transfer.state === session.state && namesSame(transfer, session);
  }

  read(session: FtpSession): FtpSession | null {
    const transfer = this.#read();
    if (transfer === null || !isSameTransfer(this.#transfer, transfer)) return null;
    if (transfer === 'none') return session;
    const bytesMoved = this.#progress.bytesOf(transfer);
    if (bytesMoved === session.bytesMoved) return session;
    // Bytes never go back within one transfer: it is another of the same file.
    if ((bytesMoved ?? 0) < (session.bytesMoved ?? 0)) return null;
    return bytesMoved === null ? null : withBytesMoved(session, bytesMoved);
  }

  close(): void {
    // It keeps nothing open.
  }
}

function namesSame({ target }: OpenTransfer, { path }: FtpSession): boolean {
  return path === null ? target.endsWith(' (deleted)') : path === target;
}
