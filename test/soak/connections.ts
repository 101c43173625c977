import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/**
 * The established IPv4 connections of this host: the inode of the server's socket by the client's
 * end. Source: /proc/net/tcp (proc(5)), whose columns are number, local and remote address, state
 * (01 is established), queues, timers, uid and, tenth, the inode. An address is one hexadecimal
 * number of the machine's byte order (little-endian here), a port one of the usual order.
 */
export function serverSockets(serverPort: number): Map<string, string> {
  const port = hex(serverPort, 4);
  const line = new RegExp(
    `^ *\\d+: \\w{8}:${port} (\\w{8}:\\w{4}) 01 \\S+ \\S+ \\S+ +\\d+ +\\d+ (\\d+)`,
    'gm',
  );
  const sockets = new Map<string, string>();
  for (const [, remote = '', inode = ''] of readFileSync('/proc/net/tcp', 'latin1').matchAll(
    line,
  )) {
    sockets.set(remote, inode);
  }
  return sockets;
}

/** A client's end of its connection, as a key of `serverSockets`. */
export function clientEnd({ localAddress = '', localPort = 0 }: Socket): string {
  const bytes = localAddress.split('.').reverse();
  return `${bytes.map((byte) => hex(Number(byte), 2)).join('')}:${hex(localPort, 4)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
