import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { draftPath, socketPathFault } from '../config/socket-path.ts';
import { withLock } from '../state/lock.ts';

export interface ControlSocketOptions {
  readonly path: string;
  /** The group that may open it too; null for its owner alone. */
  readonly gid: number | null;
  /** The mode of its directory, where that is not there yet. */
  readonly directoryMode: number;
  readonly onClient: (socket: Socket) => void;
}

export interface ControlSocket {
  /** Takes no more clients and removes the file. Those that are connected stay so. */
  close(): void;
}

/**
 * Listens on a Unix socket that its owner alone may open, mode 0600, or a group too, mode 0660. It is
 * never there with other rights. One that nobody listens on any more is replaced. Rejects, in words
 * for the administrator, when a server listens there, or what is there is no socket.
 */
export async function openControlSocket(options: ControlSocketOptions): Promise<ControlSocket> {
  const { path, directoryMode } = options;
  const fault = socketPathFault(path);
  if (fault !== null) throw new Error(fault);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: directoryMode });
    // Of two starts at once the slower one must not replace the socket that the faster one has made.
    return await withLock(`${path}.lock`, () => replace(options));
  } catch (error) {
    throw new Error(`the control socket ${path} cannot be opened: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

async function replace(options: ControlSocketOptions): Promise<ControlSocket> {
  const { path } = options;
  const before = lstatSync(path, { throwIfNoEntry: false });
  if (before !== undefined && !before.isSocket()) throw new Error('what is there is no socket');
  if (before !== undefined && (await isListenedOn(path))) {
    throw new Error('another server listens there');
  }
  const draft = draftPath(path, randomBytes(4).readUInt32BE());
  const server = createServer(options.onClient);
  await listen(server, draft);
  try {
    if (options.gid !== null) {
      chownSync(draft, -1, options.gid);
      chmodSync(draft, 0o660);
    }
    const id = fileId(draft);
    renameSync(draft, path);
    return { close: () => close(server, path, id) };
  } catch (error) {
    server.close();
    throw error;
  }
}

/** The file is made by a call within `listen`, with the mode that umask(2) leaves of 0777 (unix(7)). */
async function listen(server: Server, path: string): Promise<void> {
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
  await once(server, 'listening');
  server.on('error', () => {});
}

async function isListenedOn(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return false;
    throw error;
  } finally {
    socket.destroy();
  }
}

/** Somebody may have removed it and another server made its own. */
function close(server: Server, path: string, id: string): void {
  server.close();
  if (fileId(path) === id) rmSync(path, { force: true });
}

function fileId(path: string): string {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.dev}:${stat.ino}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
