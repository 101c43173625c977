import type {
  DescriptorInfo,
  OpenFile,
  Process,
  ProcessFiles,
} from '../../os/processes/process-table.ts';
import { isRecordLink } from './scoreboard.ts';

/** A file or folder that a session may have opened for its customer. */
export interface CustomerFile extends OpenFile {
  readonly info: DescriptorInfo;
}

/**
 * The open files of a session that can be its customer's, in the order of their descriptors: inside
 * the session's root directory, and nothing that the daemon has opened for itself: devices, sockets,
 * its record, the upload script's pipe and lock (upload-pipe.c), a log that is appended to. `above`
 * is a descriptor that was opened before the login. None of these files is touched; null where the
 * root directory cannot be told.
 */
export function customerFiles(
  process: Process,
  open: readonly OpenFile[],
  above: number,
  files: ProcessFiles,
): CustomerFile[] | null {
  const paths = open.filter(({ fd, target }) => fd > above && isPath(target, process.pid));
  if (paths.length === 0) return [];
  const root = files.rootOf(process);
  if (root === null) return null;
  return paths.flatMap(({ fd, target }) => {
    if (root !== '/' && target !== root && !target.startsWith(`${root}/`)) return [];
    const info = files.describe(process, fd);
    return info === null || info.appends ? [] : [{ fd, target, info }];
  });
}

function isPath(target: string, pid: number): boolean {
  if (!target.startsWith('/') || target.startsWith('/dev/')) return false;
  return !isRecordLink(target, pid) && !/\/pure-ftpd\.upload\.(?:pipe|lock)$/.test(target);
}

/** True where the kernel marks a removed file, or the file has this in its name. */
export function isRemoved(target: string): boolean {
  return target.endsWith(' (deleted)');
}
