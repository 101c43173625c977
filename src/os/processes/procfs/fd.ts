import { closeSync, constants, fstatSync, opendirSync, openSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { isLocalFileSystem } from '../local-file-systems.ts';
import type {
  DescriptorInfo,
  NetworkView,
  OpenFile,
  ProcessFacts,
  ProcessFiles,
  TcpSocket,
} from '../process-table.ts';
import { parsePids } from './kept-process.ts';
import { createMounts } from './mountinfo.ts';
import { parseNetTcp, type TcpEntry } from './net-tcp.ts';
import { openThrough } from './opened-file.ts';
import { isDenied, isGone, orNull, readProcFile } from './read-file.ts';

/** True when the standard input of a process is a socket; undefined where that may not be read. */
export function isInputSocket(root: string, pid: number): boolean | undefined {
  try {
    return readlinkSync(`${root}/${pid}/fd/0`).startsWith('socket:');
  } catch (error) {
    if (isGone(error)) return false;
    if (isDenied(error)) return undefined;
    throw error;
  }
}

/** open(2): gives a descriptor of a path, and does not open what is there. */
export const O_PATH = 0o10000000;

/**
 * The size of the file that a link leads to, in bytes; null where the file system that it lies on may
 * not answer. That is told of the very file: the process may have another one open by now.
 */
function sizeThrough(link: string, mayAsk: (mountId: number) => boolean): number | null {
  const fd = openSync(link, O_PATH);
  try {
    const text = readProcFile(`/proc/self/fdinfo/${fd}`)?.toString('latin1') ?? '';
    const { mountId = null } = parseFdinfo(text) ?? {};
    if (mountId === null || !mayAsk(mountId)) return null;
    const file = fstatSync(fd);
    return file.isFile() ? file.size : null;
  } finally {
    closeSync(fd);
  }
}

/** A host's connections. */
export interface Connections {
  /** By the link text of their sockets. */
  readonly held: ReadonlyMap<string, TcpEntry>;
  /** Those ended on this side, over which the kernel sends what was written before, by the peer's address. */
  readonly closing: ReadonlyMap<string, readonly TcpEntry[]>;
}

/**
 * Reads /proc/PID/fd, fdinfo, root, cwd, mountinfo and net below `root`. None of these reads can wait for
 * the file system of an open file: a link's text is put together from the kernel's own names
 * (readlink(2) of fd/N, root and cwd asks no file system, as stat(2) through the link does), and fdinfo
 * holds what the kernel keeps of a descriptor and of an inode in memory.
 */
export function createProcfsFiles(root: string): ProcessFiles {
  // By network namespace. Reading the connections of a busy host takes a while, and a scan may
  // want them for every one of its sessions.
  const connections = new Map<string, Connections>();
  const mounts = createMounts(root);
  const connectionsOf = (view: NetworkView): Connections => {
    const namespace = readlinkSync(`${root}/${view}/ns/net`);
    const known = connections.get(namespace) ?? readConnections(`${root}/${view}/net`);
    connections.set(namespace, known);
    return known;
  };
  return {
    beginScan: () => connections.clear(),
    list: ({ pid }) => orNull(() => listFiles(`${root}/${pid}/fd`)),
    describe: ({ pid }, fd) =>
      orNull(() => {
        const text = readProcFile(`${root}/${pid}/fdinfo/${fd}`);
        return text === null ? null : parseFdinfo(text.toString('latin1'));
      }),
    rootOf: ({ pid }) => orNull(() => readlinkSync(`${root}/${pid}/root`)),
    directoryOf: ({ pid }) => orNull(() => readlinkSync(`${root}/${pid}/cwd`)),
    mountOf: (process, mountId) => mounts(viewsOf(root, process), mountId),
    open: ({ pid }, fd) => openThrough(`${root}/${pid}/fd/${fd}`),
    sizeOf: (process, fd) =>
      orNull(() =>
        sizeThrough(`${root}/${process.pid}/fd/${fd}`, (mountId) => {
          const mount = mounts(viewsOf(root, process), mountId);
          return mount !== null && isLocalFileSystem(mount.type);
        }),
      ),
    tcpSockets: ({ pid }, view = pid) =>
      orNull(() => {
        const files = listFiles(`${root}/${pid}/fd`);
        return files === null ? null : matchSockets(files, connectionsOf(view));
      }),
    closingConnections: (view, remoteAddress) =>
      orNull(() => connectionsOf(view).closing.get(remoteAddress) ?? []),
    childrenOf: ({ pid }) =>
      orNull(() => {
        const text = readProcFile(`${root}/${pid}/task/${pid}/children`);
        return text === null ? null : parsePids(text.toString('latin1'));
      }),
  };
}

/**
 * Reads the text of /proc/PID/fdinfo/FD (proc(5)): "pos:" in decimal, "flags:" in octal, "mnt_id:"
 * and "ino:" in decimal, and a line "lock:" for each record lock that the process holds on the file.
 * Returns null for a text of another form, or a position beyond 2^53.
 */
export function parseFdinfo(text: string): DescriptorInfo | null {
  const position = /^pos:\t(\d+)$/m.exec(text)?.[1];
  const flags = /^flags:\t([0-7]+)$/m.exec(text)?.[1];
  if (position === undefined || flags === undefined) return null;
  const bits = Number.parseInt(flags, 8);
  const access = (['read', 'write', 'read-write'] as const)[bits & 0o3];
  const positionBytes = Number(position);
  if (access === undefined || !Number.isSafeInteger(positionBytes)) return null;
  const mountId = /^mnt_id:\t(\d{1,10})$/m.exec(text)?.[1];
  return {
    access,
    isDirectory: (bits & constants.O_DIRECTORY) !== 0,
    appends: (bits & constants.O_APPEND) !== 0,
    positionBytes,
    isLocked: /^lock:/m.test(text),
    mountId: mountId === undefined ? null : Number(mountId),
    inode: /^ino:\t(\d{1,20})$/m.exec(text)?.[1] ?? null,
  };
}

/**
 * What a process can see of the mounts that its open files lie on. Where it is confined to a directory
 * that is its parent, unless the parent has gone into a user namespace since: there a user mounts
 * anything, as often as wanted.
 */
function* viewsOf(root: string, { pid, parentPid }: ProcessFacts): Generator<number | 'self'> {
  yield 'self';
  yield pid;
  const namespaceOf = (each: number) => orNull(() => readlinkSync(`${root}/${each}/ns/user`));
  const own = namespaceOf(pid);
  if (own !== null && own === namespaceOf(parentPid)) yield parentPid;
}

/** A process can have a million descriptors. A session of pure-ftpd has some ten, a master some more. */
export const maxListed = 1000;

/** Null where there are more than that: then nothing is told of any. */
export function listFiles(directory: string): OpenFile[] | null {
  const names = listNames(directory);
  if (names === null) return null;
  const files: OpenFile[] = [];
  for (const name of names) {
    try {
      files.push({
        fd: Number(name),
        target: readlinkSync(`${directory}/${name}`),
      });
    } catch (error) {
      // Closed between the listing and the reading.
      if (!isGone(error)) throw error;
    }
  }
  return files.sort((a, b) => a.fd - b.fd);
}

/** Reads no more of the folder than tells that there are too many. */
function listNames(directory: string): string[] | null {
  const names: string[] = [];
  const folder = opendirSync(directory, { bufferSize: 64 });
  try {
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
      if (names.length === maxListed) return null;
      names.push(entry.name);
    }
  } finally {
    folder.closeSync();
  }
  return names;
}

/** 16 MiB hold some 100,000 connections. */
const maxNetTcpBytes = 16 * 1024 * 1024;

export function readConnections(directory: string, limit = maxNetTcpBytes): Connections {
  const entries = ['tcp', 'tcp6'].flatMap((name) => readNetTcp(`${directory}/${name}`, limit));
  return {
    held: new Map(entries.map((entry) => [`socket:[${entry.inode}]`, entry])),
    closing: byAddress(entries.filter(({ closing, unsentBytes }) => closing && unsentBytes > 0)),
  };
}

/** Of a busy host there are thousands, and a look wants those to the peer of each session. */
function byAddress(entries: readonly TcpEntry[]): ReadonlyMap<string, readonly TcpEntry[]> {
  const found = new Map<string, TcpEntry[]>();
  for (const entry of entries) {
    const same = found.get(entry.remoteAddress);
    if (same === undefined) found.set(entry.remoteAddress, [entry]);
    else same.push(entry);
  }
  return found;
}

function readNetTcp(path: string, limit: number): TcpEntry[] {
  const bytes = readProcFile(path, limit);
  return bytes === null ? [] : parseNetTcp(bytes.toString('latin1'), endianness() === 'LE');
}

export function matchSockets(files: readonly OpenFile[], connections: Connections): TcpSocket[] {
  return files.flatMap(({ fd, target }) => {
    const entry = connections.held.get(target);
    if (entry === undefined) return [];
    const { listening, localPort, remoteAddress, remotePort, unsentBytes } = entry;
    return [{ fd, listening, localPort, remoteAddress, remotePort, unsentBytes }];
  });
}
