import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';
import { parseNetTcp } from '../../src/os/processes/procfs/net-tcp.ts';

/** One side of an established TCP connection of this host. */
export interface TcpConnection {
  /** The number of the socket, as in the links of /proc/PID/fd. */
  readonly inode: string;
  /** Bytes that the other side has not acknowledged yet. */
  readonly unsent: number;
  /** Bytes that have arrived and that no process has read yet. */
  readonly unread: number;
}

type Ends = Pick<Socket, 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>;

/**
 * Both sides of a connection of this host with itself, from one reading; a side that is no more is
 * undefined. Ports alone do not tell connections apart: the kernel gives one port to clients of
 * several addresses.
 */
export function sidesOf({ localAddress, localPort, remoteAddress, remotePort }: Ends): {
  readonly ours: TcpConnection | undefined;
  readonly theirs: TcpConnection | undefined;
} {
  const local = endOf(localAddress, localPort);
  const remote = endOf(remoteAddress, remotePort);
  const found = established([localPort, remotePort]);
  return { ours: found.get(`${local} ${remote}`), theirs: found.get(`${remote} ${local}`) };
}

/** Whether the other side has read all that was sent, or is there no more. */
export function hasReadAll(socket: Ends): boolean {
  const { ours, theirs } = sidesOf(socket);
  return (ours?.unsent ?? 0) === 0 && (theirs?.unread ?? 0) === 0;
}

/** A v4-mapped address is the IPv4 one, as `parseNetTcp` has it. */
function endOf(address = '', port = 0): string {
  return `${address.replace(/^::ffff:(?=\d+\.)/, '')} ${port}`;
}

/**
 * Those between two ports, by local and remote end: there can be thousands of others, most of which
 * are closed. The columns of /proc/net/tcp and tcp6 (proc(5)) after number and addresses
 * are the state (01 is established) and the queues (sent:received), hexadecimal.
 */
function established(ports: readonly (number | undefined)[]): Map<string, TcpConnection> {
  const found = new Map<string, TcpConnection>();
  const wanted = ports.map((port = 0) => `:${port.toString(16).toUpperCase().padStart(4, '0')} `);
  for (const table of ['tcp', 'tcp6']) {
    const [heading = '', ...lines] = readFileSync(`/proc/net/${table}`, 'latin1').split('\n');
    for (const line of lines) {
      if (!wanted.every((port) => line.includes(port))) continue;
      const [, , , state, queues = ''] = line.trim().split(/\s+/);
      const [entry] = parseNetTcp(`${heading}\n${line}`, endianness() === 'LE');
      if (entry === undefined || state !== '01') continue;
      const [unsent = 0, unread = 0] = queues.split(':').map((each) => Number.parseInt(each, 16));
      const ends = [
        endOf(entry.localAddress, entry.localPort),
        endOf(entry.remoteAddress, entry.remotePort),
      ];
      found.set(ends.join(' '), { inode: entry.inode, unsent, unread });
    }
  }
  return found;
}
