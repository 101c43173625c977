import type { OpenFile, Process, ProcessFiles, TcpSocket } from '../../processes/process-table.ts';
import type { SessionState } from '../session.ts';
import { entryName } from './scoreboard.ts';

/** What a session's open files and sockets tell where its record does not. */
export interface StandIn {
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
export function readStandIn(
  process: Process,
  files: ProcessFiles | null,
  wantsConnection = true,
): StandIn | null {
  const open = files?.list(process) ?? null;
  if (files === null || open === null) return null;
  return {
    connection: wantsConnection ? controlConnection(process, files) : null,
    file: inTransfer(process, open, files),
  };
}

/**
 * Of a session's established connections the control connection has the lowest descriptor, since it
 * is there before any data connection is opened.
 */
function controlConnection(process: Process, files: ProcessFiles): StandIn['connection'] {
  return files.tcpSockets(process)?.find(({ listening }) => !listening) ?? null;
}

/**
 * Of the open files that are neither devices nor the session's record, the one in transfer was
 * opened last: a log has been open since before the login and has a lower descriptor. A folder is
 * open during a listing.
 */
function inTransfer(
  process: Process,
  open: readonly OpenFile[],
  files: ProcessFiles,
): FileInTransfer | null {
  const record = `/${entryName(process.pid)}`;
  const file = open.findLast(
    ({ target }) =>
      target.startsWith('/') && !target.startsWith('/dev/') && !target.endsWith(record),
  );
  const info = file === undefined ? null : files.describe(process, file.fd);
  if (file === undefined || info === null || info.isDirectory) return null;
  return {
    state: info.access === 'read' ? 'download' : 'upload',
    // The kernel's mark of a removed file, or a file that has this in its name.
    path: file.target.endsWith(' (deleted)') ? null : file.target,
    positionBytes: info.positionBytes,
  };
}
