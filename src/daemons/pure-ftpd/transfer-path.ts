import type { Process, ProcessFiles } from '../../os/processes/process-table.ts';
import { customerFiles, isRemoved } from './customer-files.ts';
import type { ScoreboardEntry } from './scoreboard-entry.ts';

/** pure-ftpd's ATOMIC_PREFIX: of uploads that take the place of a file once they are complete. */
const temporaryPrefix = '.pureftpd-upload.';

/**
 * The full path of the file that a record says is in transfer, among the process' open files; null
 * unless it is proven which one. The name in the record is relative to a folder that only the
 * session knows. So the file is the one that is open in the transfer's direction and has that
 * name's last part, or the temporary one of an upload; a download through a link has another name,
 * and is the only file that is read, no further than to the size that the record tells. The record
 * has been open since before the login, by the descriptor `recordFd`.
 */
export function findTransferPath(
  process: Process,
  entry: ScoreboardEntry,
  recordFd: number,
  files: ProcessFiles,
): string | null {
  if (entry.state !== 'download' && entry.state !== 'upload') return null;
  const isDownload = entry.state === 'download';
  const access = isDownload ? 'read' : 'write';
  const open = customerFiles(process, files.list(process) ?? [], recordFd, files) ?? [];
  const possible = open.filter(
    ({ target, info }) => info.access === access && !info.isDirectory && !isRemoved(target),
  );
  const name = entry.file === null ? null : lastPart(entry.file);
  const named = possible.filter(({ target }) => {
    const last = lastPart(target);
    return last === name || (!isDownload && last.startsWith(temporaryPrefix));
  });
  const [only, ...others] = named.length === 0 && isDownload ? possible : named;
  if (only === undefined || others.length > 0) return null;
  if (named.length === 0 && only.info.positionBytes > entry.bytesTotal) return null;
  return only.target;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
