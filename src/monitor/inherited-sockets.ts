import { closeSync, readFileSync, readlinkSync } from 'node:fs';
import { ConfigError } from '../config/config.ts';
import type { ListenAddress } from '../config/listen-address.ts';
import { parseNetTcp } from '../os/processes/procfs/net-tcp.ts';

/** A listening TCP socket that the service manager has handed in. */
export interface InheritedSocket {
  readonly fd: number;
  /** As the service manager calls it; systemd's units of sockets give their own name. */
  readonly name: string;
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
}

/** The first descriptor that is handed in (sd_listen_fds(3)). */
const firstFd = 3;

const variables = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDNAMES'] as const;

/**
 * The sockets that were handed in, by the address that each is for. Takes the variables that tell of
 * them out of the environment, so that no child believes that they are its own. Throws ConfigError
 * when one is no listening TCP socket, or when no address is its own: a server that listens elsewhere
 * than its configuration says is worse than none.
 */
export function takeInherited(
  addresses: readonly ListenAddress[],
  environment: NodeJS.ProcessEnv,
): ReadonlyMap<ListenAddress, InheritedSocket> {
  const faults: string[] = [];
  const found = new Map<ListenAddress, InheritedSocket>();
  for (const { fd, name } of takeDescriptors(environment)) {
    const socket = inspect(fd, name);
    if (socket === null) {
      faults.push(`${name} (descriptor ${fd}) is no TCP socket that listens: ${unitHint}`);
      continue;
    }
    const address = addresses.find((each) => !found.has(each) && isAt(socket, each));
    if (address !== undefined) found.set(address, socket);
    else faults.push(`${name} listens on ${format(socket)}, ${strayHint(addresses)}`);
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return found;
}

const unitHint =
  'its unit needs ListenStream= with an IP address and a port, and Accept=no, the default';

function strayHint(addresses: readonly ListenAddress[]): string {
  const all = addresses.map(({ url }) => url).join(', ');
  return (
    `where nothing is to be served: --listen and --metrics name ${all}. ` +
    'Make ListenStream= of that unit and these settings the same, or disable the unit.'
  );
}

function takeDescriptors(environment: NodeJS.ProcessEnv): { fd: number; name: string }[] {
  const { LISTEN_FDS = '', LISTEN_PID, LISTEN_FDNAMES = '' } = environment;
  for (const name of variables) delete environment[name];
  if (!/^[1-9]\d{0,3}$/.test(LISTEN_FDS)) return [];
  const names = LISTEN_FDNAMES.split(':');
  const descriptors = Array.from({ length: Number(LISTEN_FDS) }, (_, index) => ({
    fd: firstFd + index,
    name: names[index] || 'a socket that was handed in',
  }));
  if (LISTEN_PID === String(process.pid)) return descriptors;
  closeCopies(descriptors);
  return [];
}

/**
 * Sockets for another process, which has started this one, are open here too. They are closed, since
 * the processes that this one starts would have them as well.
 */
function closeCopies(descriptors: readonly { fd: number; name: string }[]): void {
  for (const { fd, name } of descriptors) if (inspect(fd, name) !== null) closeSync(fd);
}

/**
 * What the kernel says of a descriptor, which takes no connection and no byte from it: its link names
 * the socket's inode (proc(5)), by which the tables of TCP sockets name the address and the state.
 */
function inspect(fd: number, name: string): InheritedSocket | null {
  const inode = /^socket:\[(\d+)\]$/.exec(linkOf(fd))?.[1];
  for (const family of [4, 6] as const) {
    const table = parseNetTcp(read(family === 4 ? '/proc/self/net/tcp' : '/proc/self/net/tcp6'));
    const entry = table.find((each) => each.inode === inode);
    if (entry === undefined || !entry.listening) continue;
    return { fd, name, family, address: entry.localAddress, port: entry.localPort };
  }
  return null;
}

function linkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

/** A kernel without IPv6 has no table of it. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function isAt({ family, address, port }: InheritedSocket, { host, port: wanted }: ListenAddress) {
  if (port !== wanted) return false;
  if (host === 'localhost') return address === (family === 4 ? '127.0.0.1' : '::1');
  return host === address && host.includes(':') === (family === 6);
}

function format({ family, address, port }: InheritedSocket): string {
  return family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
