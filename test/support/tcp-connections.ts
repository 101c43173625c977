import { readFileSync } from 'node:fs';

/** One side of an established TCP connection of this host. */
export interface TcpConnection {
  /** The number of the socket, as in the links of /proc/PID/fd. */
  readonly inode: string;
  /** Bytes that the other side has not acknowledged yet. */
  readonly unsent: number;
  /** Bytes that have arrived and that no process has read yet. */
  readonly unread: number;
}

/**
 * The connection with these two ports, as its `localPort` side has it. Source: /proc/net/tcp and
 * tcp6 (proc(5)), whose columns are number, local and remote address, state (01 is established),
 * queues (sent:received) and, tenth, the inode; ports and queues are hexadecimal.
 */
export function tcpConnection(localPort: number, remotePort: number): TcpConnection | undefined {
  const row = ['tcp', 'tcp6']
    .flatMap((table) => readFileSync(`/proc/net/${table}`, 'latin1').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .find(
      ([, local, remote, state]) =>
        secondHex(local) === localPort && secondHex(remote) === remotePort && state === '01',
    );
  const inode = row?.[9];
  if (row === undefined || inode === undefined) {
    return undefined;
  }
  return { inode, unsent: Number.parseInt(row[4] ?? '', 16), unread: secondHex(row[4]) };
}

/** The number after the colon. */
function secondHex(pair: string | undefined): number {
  return Number.parseInt(pair?.split(':')[1] ?? '', 16);
}
