import type { NetworkView, ProcessFiles, ProcessTable } from '../os/processes/process-table.ts';
import type { DataConnection, FtpSession, SessionDetails } from '../sessions/session.ts';

export const noDetails: SessionDetails = { directory: null, sendingOver: null, leftBehind: [] };

/**
 * What of each session costs reads of its own: its current directory, and what its data connections
 * have not sent. It asks the kernel alone, which waits for no file system (the table of reads in
 * procfs.ts). Of a process that has ended meanwhile nothing is told.
 */
export async function readDetails(
  sessions: readonly FtpSession[],
  { files, living }: Pick<ProcessTable, 'files' | 'living'>,
): Promise<readonly SessionDetails[]> {
  if (files === null) return sessions.map(() => noDetails);
  const read = sessions.map((session) => {
    const over = session.state === 'download' ? sendingOver(session, files) : null;
    return {
      directory: directoryOf(session, files),
      sendingOver: over,
      leftBehind: over === null ? leftBehind(session, files) : [],
    };
  });
  // Afterwards: a pid can have become another process' in between.
  const alive = await living(sessions);
  return sessions.map(({ pid }, index) => (alive.has(pid) && read[index]) || noDetails);
}

/** Null where it may not be read, or the kernel's word for it can be read in two ways. */
function directoryOf(session: FtpSession, files: ProcessFiles): string | null {
  const directory = files.directoryOf(session);
  const root = directory === null ? null : files.rootOf(session);
  return directory === null || root === null ? null : insideOf(root, directory);
}

/** A path below a root directory, as it is seen from there. */
function insideOf(root: string, path: string): string | null {
  // The kernel marks a removed folder so, or the folder has this in its name.
  if (path.endsWith(' (deleted)') || root.endsWith(' (deleted)')) return null;
  if (!path.startsWith('/')) return null;
  if (root === '/') return path;
  if (path === root) return '/';
  return path.startsWith(`${root}/`) ? path.slice(root.length) : null;
}

/**
 * The connection that a download goes over: of SFTP the only one, else the last one to the session's
 * peer that is not the control connection. A daemon may hold others, to a database of its logins. Of a
 * transfer between two servers it is not known.
 */
function sendingOver(session: FtpSession, files: ProcessFiles): DataConnection | null {
  const isControl = (one: DataConnection) =>
    one.localPort === session.localPort && one.remotePort === session.remotePort;
  const isIts = (one: DataConnection) =>
    one.remoteAddress === session.remoteAddress && isControl(one) === (session.protocol === 'sftp');
  for (const view of viewsOf(session)) {
    const found = files.tcpSockets(session, view)?.findLast((one) => !one.listening && isIts(one));
    if (found !== undefined) return toConnection(found);
  }
  return null;
}

/**
 * vsftpd puts a session into a network namespace of its own that has nothing (isolate_network,
 * vsftpd.conf(5)); its sockets are those of the listener's, which is this server's unless the daemon
 * is in a container.
 */
function viewsOf({ pid, container }: FtpSession): readonly NetworkView[] {
  return container === undefined ? [pid, 'self'] : [pid];
}

/** More to one peer than any client has begun is not looked through. */
const maxLeftBehind = 64;

function leftBehind(session: FtpSession, files: ProcessFiles): DataConnection[] {
  const { remoteAddress } = session;
  if (remoteAddress === null) return [];
  // The two views may be of one namespace, which is read once.
  const all = viewsOf(session).flatMap(
    (view) => files.closingConnections(view, remoteAddress) ?? [],
  );
  return [...new Set(all)].slice(0, maxLeftBehind).map(toConnection);
}

function toConnection(connection: DataConnection): DataConnection {
  const { localPort, remoteAddress, remotePort, unsentBytes } = connection;
  return { localPort, remoteAddress, remotePort, unsentBytes };
}
