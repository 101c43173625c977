import { once } from 'node:events';
import { type Stats, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { connectMonitor } from '../channel/client.ts';
import type { Caller } from '../channel/messages.ts';
import type { Ftp } from '../collector/this-host.ts';
import { socketPathFault } from '../config/socket-path.ts';
import { sendFrame } from '../lib/frames.ts';
import { RefusedError } from '../lib/refused-error.ts';

/** A running server, as a command on this machine sees it. */
export interface ServerConnection extends Ftp {
  close(): void;
}

/** More than ending and the slowest scan take. */
const answerTimeoutMs = 30_000;

/**
 * Connects to the server that listens on a control socket; null when none does. `by` is who is at the
 * command line. Rejects, in words for the administrator, when the socket may not be opened or is one
 * that somebody else has put there. What is asked of it rejects when the server goes.
 */
export async function connectServer(path: string, by: string): Promise<ServerConnection | null> {
  if (socketPathFault(path) !== null || !isServers(path)) return null;
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return null;
    throw explain(path, code);
  }
  return talk(socket, path, by);
}

/** False when there is nothing. Whoever may write to the directory can only have put it there himself. */
function isServers(path: string): boolean {
  const stat = statOrNothing(path);
  if (stat === undefined) return false;
  const trusted = [0, process.geteuid?.(), statOrNothing(dirname(path))?.uid];
  if (trusted.includes(stat.uid)) return true;
  throw new Error(`${path} belongs to the user ${stat.uid}, who may not speak for a server there.`);
}

function statOrNothing(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw explain(path, (error as NodeJS.ErrnoException).code);
  }
}

function explain(path: string, code: string | undefined): Error {
  if (code !== 'EACCES' && code !== 'EPERM')
    return new Error(`${path} cannot be opened (${code}).`);
  return new RefusedError(
    'refused',
    `You may not open ${path}: run this as root, or as a member of the group that uapid serve has as --control-group.`,
  );
}

function talk(socket: Socket, path: string, by: string): ServerConnection {
  const gone = new Promise<never>((_, reject) => {
    socket.once('close', () =>
      reject(new Error(`The server at ${path} has closed the connection.`)),
    );
  });
  // For the calls that wait for an answer.
  gone.catch(() => {});
  socket.on('error', () => {});
  const { sessions, ender } = connectMonitor(socket);
  const hello: Caller = { event: 'caller', name: by };
  sendFrame(socket, JSON.stringify(hello));

  async function answered<T>(asking: Promise<T>): Promise<T> {
    const timer = setTimeout(() => socket.destroy(), answerTimeoutMs);
    try {
      return await Promise.race([asking, gone]);
    } finally {
      clearTimeout(timer);
    }
  }
  return {
    sessions: { snapshot: (scope, wants) => answered(sessions.snapshot(scope, wants)) },
    ender: { end: (identities, scope) => answered(ender.end(identities, scope)) },
    close: () => socket.destroy(),
  };
}
