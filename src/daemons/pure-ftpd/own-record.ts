import type { OpenFile, ProcessFacts, ProcessFiles } from '../../os/processes/process-table.ts';
import { type HeldFile, heldFile } from '../held-file.ts';
import { isRecordLink } from './scoreboard.ts';

/** A process can name its files so by the thousand; a session has its record and one transfer. */
const maxDescribed = 8;

/**
 * Finds a session's own record among its open files, and asks nothing but the kernel. The daemon
 * opens it before the login, read-write, under its name of this pid, and closes it when it ends; so
 * of those that look like it, it has the lowest descriptor. What the customer has named so is not
 * taken for it: pure-ftpd opens a download to read and an upload to write. Its one file of the
 * customer's that is open for both is the quota's; renamed meanwhile, it is a later descriptor, and
 * where the daemon keeps no records at all it is opened only on a local file system, to be found the
 * customer's. "none" is known, "unknown" what too many files are named so for.
 */
export function findOwnRecord(
  process: ProcessFacts,
  open: readonly OpenFile[],
  files: ProcessFiles,
): HeldFile | 'none' | 'unknown' {
  let described = 0;
  for (const { fd, target } of open) {
    if (!isRecordLink(target, process.pid)) continue;
    if (described === maxDescribed) return 'unknown';
    described += 1;
    const info = files.describe(process, fd);
    if (info === null || info.access !== 'read-write' || info.isDirectory) continue;
    return heldFile(process, fd, info, files);
  }
  return 'none';
}
