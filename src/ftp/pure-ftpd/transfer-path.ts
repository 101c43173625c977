import type { OpenFile, Process, ProcessFiles } from '../../processes/process-table.ts';
import type { ScoreboardEntry } from './scoreboard-entry.ts';

/** pure-ftpd's ATOMIC_PREFIX: of uploads that take the place of a file once they are complete. */
const temporaryPrefix = '.pureftpd-upload.';

/**
 * The full path of the file that a record says is in transfer, among the process' open files; null
 * unless it is proven which one. The name in the record is relative to a folder that only the
 * session knows. So the file is the one that is open in the transfer's direction and has that
 * name's last part, or the temporary one of an upload; a download through a link has another name,
 * and is the only file that is read, of the very size that the record tells.
 */
export function findTransferPath(
  process: Process,
  entry: ScoreboardEntry,
  open: readonly OpenFile[],
  files: ProcessFiles,
): string | null {
  if (entry.state !== 'download' && entry.state !== 'upload') return null;
  const isDownload = entry.state === 'download';
  const possible = open.filter(({ fd, target }) => {
    if (!target.startsWith('/') || target.startsWith('/dev/')) return false;
    // The kernel's mark of a removed file, or a file that has this in its name.
    if (target.endsWith(' (deleted)')) return false;
    const info = files.describe(process, fd);
    return info !== null && !info.isDirectory && (info.access === 'read') === isDownload;
  });
  const name = entry.file === null ? null : lastPart(entry.file);
  const named = possible.filter(({ target }) => {
    const last = lastPart(target);
    return last === name || (!isDownload && last.startsWith(temporaryPrefix));
  });
  const [only, ...others] = named.length === 0 && isDownload ? possible : named;
  if (only === undefined || others.length > 0) return null;
  if (named.length === 0 && files.sizeOf(process, only.fd) !== entry.bytesTotal) return null;
  return only.target;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
