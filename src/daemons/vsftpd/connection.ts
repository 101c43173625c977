import type { ProcessFacts, ProcessFiles, TcpSocket } from '../../os/processes/process-table.ts';
import type { FtpSession } from '../../sessions/session.ts';
import type { Candidate } from '../driver.ts';

export type ControlConnection = Pick<TcpSocket, 'remoteAddress' | 'remotePort' | 'localPort'>;

/** The control connection is the standard input of all that serve it. */
const controlDescriptor = 0;

/** By the process that serves a connection, which serves no other: finding one reads all of the host's. */
const known = new WeakMap<ProcessFacts, ControlConnection>();

/**
 * What serves a session's connection: the process above it, or itself where it is the listener's
 * child (one_process_model); null where that has ended.
 */
export function servingProcess({ process, parent, master }: Candidate): ProcessFacts | null {
  return master !== null && process.parentPid === master.pid ? process : parent;
}

/**
 * The control connection of a session; null where it cannot be told. The session has a network
 * namespace of its own (isolate_network), where none shows: its socket is in the one that what serves
 * the connection is in.
 */
export function controlConnection(
  candidate: Candidate,
  files: ProcessFiles | null,
): ControlConnection | null {
  const serving = servingProcess(candidate);
  if (serving === null || files === null) return null;
  const before = known.get(serving);
  if (before !== undefined) return before;
  const sockets = files.tcpSockets(serving) ?? [];
  const found = sockets.find(({ fd, listening }) => fd === controlDescriptor && !listening);
  if (found === undefined) return null;
  known.set(serving, found);
  return found;
}

/**
 * What the control connection speaks: with TLS a handler of it is beside the session. Null where the
 * kernel lists no children, or the session is alone.
 */
export function protocolOf(
  candidate: Candidate,
  files: ProcessFiles | null,
): FtpSession['protocol'] {
  const serving = servingProcess(candidate);
  if (serving === null || serving === candidate.process) return null;
  const children = files?.childrenOf(serving) ?? null;
  if (children === null || !children.includes(candidate.process.pid)) return null;
  return children.length > 1 ? 'ftps' : 'ftp';
}
