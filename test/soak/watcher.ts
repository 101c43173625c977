import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStat, uidOf } from '../support/processes.ts';
import { clientEnd, serverSockets } from './connections.ts';
import { now } from './log.ts';

/** A session's process, surely this one: a pid alone can be used again. */
export interface Identity {
  readonly pid: number;
  readonly startTime: string;
}

/** What the kernel knows of the daemon's sessions. */
export interface Watcher {
  /** The master's child that holds the server's end of this control connection. */
  identify(control: Socket): Promise<Identity>;
  /** A child of a process that runs as this user: vsftpd makes one for a session at its login. */
  childOf(parent: Identity, uid: number, signal: AbortSignal): Promise<Identity>;
  /** Resolves to a moment by which the process had ended (a zombie has). */
  gone(identity: Identity): Promise<number>;
  /** Resolves when it is no zombie any more. */
  reaped(identity: Identity): Promise<void>;
}

interface Wait {
  readonly since: number;
  readonly resolve: (identity: Identity) => void;
  readonly reject: (error: Error) => void;
}

/** How often it looks; an end is logged with at least this uncertainty. */
const everyMs = 10;

/**
 * The kernel's list of connections takes long to read, be it for one or for all who wait. So much
 * of the time goes there at most.
 */
const share = 0.1;

/** Nothing here takes so long, be the machine ever so busy. */
const patienceMs = 30_000;

/** Watches the children of this master, which listens on this port. */
export function createWatcher(master: number, port: number): Watcher {
  const waiting = new Map<string, Wait>();
  const known = new Map<number, Identity>();
  let isLooking = false;

  async function look(): Promise<void> {
    isLooking = true;
    while (waiting.size > 0) {
      const began = now();
      try {
        identifyAll();
      } catch (error) {
        for (const { reject } of waiting.values()) reject(error as Error);
        waiting.clear();
      }
      await sleep(Math.max(everyMs, (now() - began) * (1 / share - 1)));
    }
    isLooking = false;
  }

  function identifyAll(): void {
    const sockets = serverSockets(port);
    const clients = new Map([...waiting.keys()].map((client) => [sockets.get(client), client]));
    for (const pid of childPids(master)) {
      const before = known.get(pid);
      if (before !== undefined && isAlive(before)) continue;
      const startTime = processStat(pid)?.startTime;
      const inode = socketsOf(pid).find((socket) => clients.has(socket));
      const client = clients.get(inode);
      if (inode === undefined || client === undefined || startTime === undefined) continue;
      const identity = { pid, startTime };
      known.set(pid, identity);
      waiting.get(client)?.resolve(identity);
      waiting.delete(client);
    }
    for (const { since, reject } of waiting.values()) {
      if (now() - since > patienceMs) reject(new Error('No process holds a connection'));
    }
  }

  return {
    identify: (control) =>
      new Promise((resolve, reject) => {
        waiting.set(clientEnd(control), { since: now(), resolve, reject });
        if (!isLooking) void look();
      }),

    async childOf(parent, uid, signal) {
      const deadline = now() + patienceMs;
      for (;;) {
        const pid = isAlive(parent) ? childPids(parent.pid).find((each) => uidOf(each) === uid) : 0;
        const startTime = pid === undefined ? undefined : processStat(pid)?.startTime;
        if (pid !== undefined && startTime !== undefined) return { pid, startTime };
        if (now() > deadline) throw new Error(`Process ${parent.pid} has no child of ${uid}’s`);
        await sleep(everyMs, undefined, { signal });
      }
    },

    async gone(identity) {
      const deadline = now() + patienceMs;
      while (isAlive(identity)) {
        if (now() > deadline) throw new Error(`Process ${identity.pid} does not end`);
        await sleep(everyMs);
      }
      const at = now();
      if (known.get(identity.pid) === identity) known.delete(identity.pid);
      return at;
    },

    async reaped({ pid, startTime }) {
      const deadline = now() + patienceMs;
      while (processStat(pid)?.startTime === startTime) {
        if (now() > deadline) throw new Error(`Process ${pid} is not waited for`);
        await sleep(everyMs);
      }
    },
  };
}

/** False once the process has ended, be it a zombie still. */
export function isAlive({ pid, startTime }: Identity): boolean {
  const stat = processStat(pid);
  return stat !== undefined && stat.startTime === startTime && stat.state !== 'Z';
}

/** The children of a process (proc(5)); one may be left out while another ends. */
function childPids(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
  return text.split(' ').filter(Boolean).map(Number);
}

/** The inodes of the sockets that a process holds. */
function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(
      (fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
    );
  } catch {
    // It has ended, or has just closed one of them: then it is looked at again.
    return [];
  }
}
