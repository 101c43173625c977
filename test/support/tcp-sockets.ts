import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { parseNetTcp, type TcpEntry } from '../../src/os/processes/procfs/net-tcp.ts';

/** The TCP sockets of a process, listening or connected, with what the kernel says of them. */
export function tcpSocketsOf(pid: number): TcpEntry[] {
  const tables = ['tcp', 'tcp6'].map((name) => readFileSync(`/proc/${pid}/net/${name}`, 'latin1'));
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  return tables
    .flatMap((table) => parseNetTcp(table))
    .filter(({ inode }) => links.includes(`socket:[${inode}]`));
}

/** The ports that a process listens on. */
export function portsOf(pid: number): number[] {
  return tcpSocketsOf(pid)
    .filter(({ listening }) => listening)
    .map(({ localPort }) => localPort)
    .sort();
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
