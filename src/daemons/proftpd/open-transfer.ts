import type {
  DescriptorInfo,
  OpenFile,
  Process,
  ProcessFiles,
} from '../../os/processes/process-table.ts';
import { heldFile } from '../held-file.ts';
import type { Direction } from './direction.ts';
import { pathOf } from './own-scoreboard.ts';

/** The file that a session has in transfer. */
export interface OpenTransfer {
  readonly direction: Direction;
  readonly fd: number;
  /** The full path on this host; null when the kernel's word for it can be read in two ways. */
  readonly path: string | null;
  readonly positionBytes: number;
  /** Of a download, where the file system is known to answer. */
  readonly sizeBytes: number | null;
  readonly inode: string | null;
}

/** What else speaks for a transfer. */
export interface TransferHints {
  /** What title or record say that is running. */
  readonly directions: readonly Direction[];
  /** By which the session holds its scoreboard. */
  readonly scoreboard: number | null;
  /** True for SFTP, whose title and record say nothing of a transfer. */
  readonly isUnannounced: boolean;
}

/** What the daemon has opened for itself before the login. */
const ownFile =
  /^(?:\/dev\/|\/etc\/(?:passwd|group|shadow)$|\/(?:var\/log|var\/run|run)\/[bw]tmp$)/;

/**
 * Finds the file in transfer among the open files of a session: the one that was opened last of those
 * in its root directory that it only reads, or only writes without going to the end each time, which
 * logs do. ProFTPD holds files of its own open to read, as the list of its users; where the session
 * is not confined, such a file can look like a download, so title or record have to say the same. Of
 * SFTP neither does. What the master holds does not tell such files either: a session opens some of them
 * by itself, and a customer may transfer one that the master holds.
 * None of these files is opened. Null where there is none, undefined where it cannot be told.
 */
export function findOpenTransfer(
  process: Process,
  files: ProcessFiles,
  hints: TransferHints,
): OpenTransfer | null | undefined {
  const open = files.list(process);
  const root = files.rootOf(process);
  if (open === null || root === null) return undefined;
  for (const { fd, target } of open.toReversed()) {
    if (!mayBeCustomers(target, root, open)) continue;
    const info = files.describe(process, fd);
    if (info === null || info.appends || info.isDirectory || info.access === 'read-write') continue;
    const direction = info.access === 'read' ? 'download' : 'upload';
    const isAnnounced = hints.directions.includes(direction);
    if (!isAnnounced && !mayBeUnannounced(fd, root, hints)) continue;
    return transferOf(process, { fd, target }, direction, info, files);
  }
  return null;
}

function mayBeCustomers(target: string, root: string, open: readonly OpenFile[]): boolean {
  if (!target.startsWith('/') || ownFile.test(target)) return false;
  if (root !== '/' && target !== root && !target.startsWith(`${root}/`)) return false;
  const path = pathOf(target);
  return !path.endsWith('.lck') || !open.some((each) => `${pathOf(each.target)}.lck` === path);
}

function mayBeUnannounced(fd: number, root: string, hints: TransferHints): boolean {
  if (!hints.isUnannounced) return false;
  return root !== '/' || (hints.scoreboard !== null && fd > hints.scoreboard);
}

function transferOf(
  process: Process,
  { fd, target }: OpenFile,
  direction: Direction,
  info: DescriptorInfo,
  files: ProcessFiles,
): OpenTransfer {
  const { isLocal, inode } = heldFile(process, fd, info, files);
  return {
    direction,
    fd,
    path: target === pathOf(target) ? target : null,
    positionBytes: info.positionBytes,
    sizeBytes: direction === 'download' && isLocal ? files.sizeOf(process, fd) : null,
    inode,
  };
}
