import type { OpenTransfer } from './transfer.ts';

/** What one sendfile(2) moves at most, in bytes (MAX_RW_COUNT of Linux, with pages of 4 KiB). */
const sendfileBytes = 0x7ffff000;

/** Tells how far the transfers of one session are, by what its open files showed before. */
export interface Progress {
  /** The bytes of the file so far, those that REST skipped included; null where that is not known. */
  bytesOf(transfer: OpenTransfer): number | null;
}

/**
 * The position of an upload is exact. That of a download is, too, while vsftpd moves it piece by
 * piece: in ASCII, over TLS, and under a limit of its rate. All else is one call of sendfile(2),
 * during which the position stands still where it began: so it counts once it was seen to move.
 */
export function createProgress(): Progress {
  let seen: OpenTransfer | null = null;
  let hasMoved = false;
  return {
    bytesOf: (transfer) => {
      const { positionBytes } = transfer.info;
      if (transfer.state === 'upload') return positionBytes;
      if (seen === null || !isSame(seen, transfer)) {
        seen = transfer;
        hasMoved = false;
      }
      const moved = positionBytes - seen.info.positionBytes;
      // Of more than a single call can move it stands still between two calls.
      hasMoved ||= moved > 0 && moved % sendfileBytes !== 0;
      return hasMoved ? positionBytes : null;
    },
  };
}

/** One that has gone back is another of the same file. */
function isSame(before: OpenTransfer, now: OpenTransfer): boolean {
  return (
    before.fd === now.fd &&
    before.target === now.target &&
    before.info.inode === now.info.inode &&
    before.info.positionBytes <= now.info.positionBytes
  );
}
