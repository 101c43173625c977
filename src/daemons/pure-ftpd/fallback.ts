import type {
  OpenFile,
  Process,
  ProcessFiles,
  TcpSocket,
} from '../../os/processes/process-table.ts';
import type { SessionState } from '../../sessions/session.ts';
import { customerFiles, isRemoved } from './customer-files.ts';
import { isRecordLink } from './scoreboard.ts';

/** What a session's open files and sockets tell where its record does not. */
export interface Fallback {
  /** Null when it could not be found, or was not wanted. */
  readonly connection: Pick<TcpSocket, 'remoteAddress' | 'remotePort' | 'localPort'> | null;
  /** Null when none is in transfer. */
  readonly file: FileInTransfer | null;
}

export interface FileInTransfer {
  readonly state: Exclude<SessionState, 'idle'>;
  /** The full path on this host; null when the kernel's word for it can be read in two ways. */
  readonly path: string | null;
  readonly positionBytes: number;
}

/**
 * Returns null where the process' files may not be read. The connection is looked up only if it is
 * wanted: that means reading every connection of the host.
 */
export function readFallback(
  process: Process,
  files: ProcessFiles | null,
  wantsConnection = true,
): Fallback | null {
  const open = files?.list(process) ?? null;
  if (files === null || open === null) return null;
  const sockets = wantsConnection ? files.tcpSockets(process) : null;
  const connections = sockets?.filter(({ listening }) => !listening) ?? null;
  // It is there before any data connection is opened, so it has the lowest descriptor.
  const control = connections?.[0] ?? null;
  const record = open.find(({ target }) => isRecordLink(target, process.pid))?.fd;
  const before = record ?? control?.fd ?? -1;
  // A log that is no appended one, outside of any root directory, is open without one too.
  if (
    connections !== null &&
    !connections.some((one) => one.fd > before && !isSame(one, control))
  ) {
    return { connection: control, file: null };
  }
  const file = inTransfer(process, open, before, files);
  return file === undefined ? null : { connection: control, file };
}

/** Under a super-server the control connection has several descriptors. */
function isSame(one: TcpSocket, other: TcpSocket | null): boolean {
  return (
    one.remotePort === other?.remotePort &&
    one.remoteAddress === other.remoteAddress &&
    one.localPort === other.localPort
  );
}

/**
 * Of the files that can be the customer's, the one in transfer was opened last. A folder is open
 * during a listing, and pure-ftpd opens no transfer's file for both reading and writing. Undefined
 * where it cannot be told.
 */
function inTransfer(
  process: Process,
  open: readonly OpenFile[],
  before: number,
  files: ProcessFiles,
): FileInTransfer | null | undefined {
  const possible = customerFiles(process, open, before, files);
  if (possible === null) return undefined;
  const file = possible.findLast(({ info }) => info.access !== 'read-write');
  if (file === undefined || file.info.isDirectory) return null;
  return {
    state: file.info.access === 'read' ? 'download' : 'upload',
    path: isRemoved(file.target) ? null : file.target,
    positionBytes: file.info.positionBytes,
  };
}
