import { constants, readdirSync, readlinkSync, statSync } from 'node:fs';
import { endianness } from 'node:os';
import type { DescriptorInfo, OpenFile, ProcessFiles, TcpSocket } from '../process-table.ts';
import { parseNetTcp, type TcpEntry } from './net-tcp.ts';
import { isGone, orNull, readProcFile } from './read-file.ts';

/** A host's connections by the link text of their sockets. */
type Connections = ReadonlyMap<string, TcpEntry>;

/** Reads /proc/PID/fd, fdinfo and net below `root`. */
export function createProcfsFiles(root: string): ProcessFiles {
  // By network namespace. Reading the connections of a busy host takes a while, and a look may
  // want them for every one of its sessions.
  const connections = new Map<string, Connections>();
  return {
    beginLook: () => connections.clear(),
    list: ({ pid }) => orNull(() => listFiles(`${root}/${pid}/fd`)),
    identityOf: ({ pid }, fd) =>
      orNull(() => {
        const file = statSync(`${root}/${pid}/fd/${fd}`, { bigint: true });
        return `${file.dev}:${file.ino}`;
      }),
    sizeOf: ({ pid }, fd) => orNull(() => statSync(`${root}/${pid}/fd/${fd}`).size),
    describe: ({ pid }, fd) =>
      orNull(() => {
        const text = readProcFile(`${root}/${pid}/fdinfo/${fd}`);
        return text === null ? null : parseFdinfo(text.toString('latin1'));
      }),
    tcpSockets: ({ pid }) =>
      orNull(() => {
        const files = listFiles(`${root}/${pid}/fd`);
        const namespace = readlinkSync(`${root}/${pid}/ns/net`);
        const known = connections.get(namespace) ?? readConnections(`${root}/${pid}/net`);
        connections.set(namespace, known);
        return matchSockets(files, known);
      }),
  };
}

/**
 * Reads the text of /proc/PID/fdinfo/FD (proc(5)): "pos:" in decimal, "flags:" in octal, and a line
 * "lock:" for each record lock that the process holds on the file.
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
  return {
    access,
    isDirectory: (bits & constants.O_DIRECTORY) !== 0,
    positionBytes,
    isLocked: /^lock:/m.test(text),
  };
}

function listFiles(directory: string): OpenFile[] {
  const files: OpenFile[] = [];
  for (const name of readdirSync(directory)) {
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

function readConnections(directory: string): Connections {
  const entries = [...readNetTcp(`${directory}/tcp`), ...readNetTcp(`${directory}/tcp6`)];
  return new Map(entries.map((entry) => [`socket:[${entry.inode}]`, entry]));
}

function readNetTcp(path: string): TcpEntry[] {
  // 16 MiB hold some 100,000 connections.
  const bytes = readProcFile(path, 16 * 1024 * 1024);
  return bytes === null ? [] : parseNetTcp(bytes.toString('latin1'), endianness() === 'LE');
}

function matchSockets(files: readonly OpenFile[], connections: Connections): TcpSocket[] {
  return files.flatMap(({ fd, target }) => {
    const entry = connections.get(target);
    if (entry === undefined) return [];
    const { listening, localPort, remoteAddress, remotePort } = entry;
    return [{ fd, listening, localPort, remoteAddress, remotePort }];
  });
}
