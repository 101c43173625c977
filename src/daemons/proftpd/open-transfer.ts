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
  readonly unannounced: Unannounced;
}

/**
 * Whether a file is in transfer that neither title nor record names: never; where a data connection was
 * opened behind it, as beside an answer in the midst of a transfer; or by itself, as in SFTP.
 */
export type Unannounced =
  | { readonly kind: 'never' | 'alone' }
  | { readonly kind: 'beside-data'; readonly peer: string | null };

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
    const found = { process, fd, root, open };
    if (!isAnnounced && !mayBeUnannounced(found, hints, files)) continue;
    return transferOf(process, { fd, target }, direction, info, files);
  }
  return null;
}

/** Whether a file that a session holds may be one of its customer's. */
export function mayBeCustomers(target: string, root: string, open: readonly OpenFile[]): boolean {
  if (!target.startsWith('/') || ownFile.test(target)) return false;
  if (root !== '/' && target !== root && !target.startsWith(`${root}/`)) return false;
  const path = pathOf(target);
  return !path.endsWith('.lck') || !open.some((each) => `${pathOf(each.target)}.lck` === path);
}

/** An open file, and what it is open among. */
interface Found {
  readonly process: Process;
  readonly fd: number;
  readonly root: string;
  readonly open: readonly OpenFile[];
}

function mayBeUnannounced(
  found: Found,
  { scoreboard, unannounced }: TransferHints,
  files: ProcessFiles,
): boolean {
  if (unannounced.kind === 'never') return false;
  if (found.root === '/' && (scoreboard === null || found.fd < scoreboard)) return false;
  return unannounced.kind !== 'beside-data' || hasDataBehind(found, unannounced.peer, files);
}

/**
 * A transfer opens its file first and then its data connection, which has a higher number. Other commands
 * open files as well: the checksums of mod_digest, .ftpaccess, .message. Where the session is not confined,
 * such a file may be the daemon's, and a socket its connection to a database: there it has to be the client's.
 */
function hasDataBehind(
  { process, fd, root, open }: Found,
  peer: string | null,
  files: ProcessFiles,
): boolean {
  const isBehind = (each: { readonly fd: number }) => each.fd > fd;
  if (root !== '/') {
    return open.some((each) => isBehind(each) && each.target.startsWith('socket:'));
  }
  return (files.tcpSockets(process) ?? []).some(
    (each) => isBehind(each) && !each.listening && each.remoteAddress === peer,
  );
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
