import type {
  DescriptorInfo,
  OpenFile,
  Process,
  ProcessFiles,
} from '../../os/processes/process-table.ts';
import { heldFile } from '../held-file.ts';
import type { Direction } from './direction.ts';
import { pathOf } from './own-scoreboard.ts';
import { isDataSocket, transferDescriptor } from './transfer-descriptor.ts';

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
  /** Whose the control connection is and on which port; null where that is not known. */
  readonly client: Client | null;
}

export interface Client {
  readonly address: string | null;
  readonly controlPort: number | null;
}

/**
 * Whether a file is in transfer that neither title nor record names: never; where a data connection was
 * opened behind it, as beside an answer in the midst of a transfer; or by itself, as in SFTP.
 */
export type Unannounced = 'never' | 'alone' | 'beside-data';

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
 * None of these files is opened. Null where there is none, undefined where it cannot be told, and `maybe` where
 * there is a transfer or not.
 */
export function findOpenTransfer(
  process: Process,
  files: ProcessFiles,
  hints: TransferHints,
): OpenTransfer | null | undefined | 'maybe' {
  const open = files.list(process);
  const root = files.rootOf(process);
  if (open === null || root === null) return undefined;
  const byOrder = root === '/' ? descriptorByOrder(process, open, hints, files) : null;
  if (byOrder === 'unknown') return 'maybe';
  if (byOrder === 'none') return null;
  for (const { fd, target } of open.toReversed()) {
    if (byOrder !== null && fd !== byOrder) continue;
    if (!mayBeCustomers(target, root, open)) continue;
    const info = files.describe(process, fd);
    if (info === null || info.appends || info.isDirectory || info.access === 'read-write') continue;
    const direction = info.access === 'read' ? 'download' : 'upload';
    const isAnnounced = hints.directions.includes(direction);
    if (!isAnnounced && !mayBeUnannounced({ fd, root, open }, hints)) continue;
    if (!isAnnounced && root === '/' && hints.unannounced === 'alone' && direction === 'download') {
      // mod_sftp moves no position. What has one was read by the daemon, and what has none may be.
      if (info.positionBytes > 0) continue;
      return 'maybe';
    }
    return transferOf(process, { fd, target }, direction, info, files);
  }
  // As one that a client appends to, or that is open both ways.
  return byOrder === null ? null : 'maybe';
}

/**
 * What the order of descriptors tells where nothing else does; of a transfer that title or record name only that its
 * file has been closed before its data connection, which waits for a slow client. Null where it has nothing to tell.
 */
function descriptorByOrder(
  process: Process,
  open: readonly OpenFile[],
  { directions, unannounced, client }: TransferHints,
  files: ProcessFiles,
) {
  const isAnnounced = directions.length > 0;
  if (client === null || (!isAnnounced && unannounced !== 'beside-data')) return null;
  const sockets = files.tcpSockets(process);
  if (sockets === null) return isAnnounced ? null : 'unknown';
  const data = sockets.filter((each) => isDataSocket(each, open, client.address));
  const found = transferDescriptor(open, data, client.controlPort);
  if (!isAnnounced) return found;
  return found === 'none' && data.length > 0 ? found : null;
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
  readonly fd: number;
  readonly root: string;
  readonly open: readonly OpenFile[];
}

function mayBeUnannounced(
  { fd, root, open }: Found,
  { scoreboard, unannounced }: TransferHints,
): boolean {
  if (unannounced === 'never') return false;
  // By their order it is the transfer's.
  if (root === '/' && unannounced === 'beside-data') return true;
  // One of SFTP's may have a descriptor that was free below.
  if (root === '/' && scoreboard === null) return false;
  /*
   * A transfer opens its file first and then its data connection, which has a higher number. Other commands
   * open files as well: the checksums of mod_digest, .ftpaccess, .message.
   */
  const isDataBehind = (each: OpenFile) => each.fd > fd && each.target.startsWith('socket:');
  return unannounced !== 'beside-data' || open.some(isDataBehind);
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
