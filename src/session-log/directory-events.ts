import { type FSWatcher, readFileSync, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

export interface DirectoryHandlers {
  /** Something happened to the file of that name; `isOfName` where it was made, removed or renamed. */
  readonly onName: (name: string, isOfName: boolean) => void;
  /** More events may have come than the kernel keeps: some may be missing. */
  readonly onOverflow: () => void;
  /** The directory is watched from now on; `path` is the one of those given that is there. */
  readonly onWatched: (path: string) => void;
  /** The one that was watched is there no more, or another is in its place. */
  readonly onLost: (path: string) => void;
  /** One is there that is not root's alone, or cannot be watched. */
  readonly onRefused: (path: string, reason: string) => void;
}

export interface DirectoryEvents {
  /** Looks whether the directory is the one that is watched: what is mounted over it makes no event. */
  check(): void;
  close(): void;
}

/** The kernel's default (inotify(7)), where it does not tell. */
const usualQueueLength = 16_384;

/**
 * Tells what happens in the first of some directories that is there, by inotify, without a wake-up
 * while nothing happens. Where none is, the folders above them are watched until one is. Node.js takes
 * all events that wait at one go and does not say that the kernel had to drop some (libuv,
 * uv__inotify_read); but it can only have dropped any when as many came at one go as its queue holds,
 * and that is counted.
 */
export function watchDirectory(
  directories: readonly string[],
  { onName, onOverflow, onWatched, onLost, onRefused }: DirectoryHandlers,
  queueLength = readQueueLength(),
): DirectoryEvents {
  let watchers: FSWatcher[] = [];
  let watched: { readonly path: string; readonly id: string } | null = null;
  let refused = '';
  let atOneGo = 0;

  function count(): void {
    if (atOneGo === 0) {
      setImmediate(() => {
        const isFull = atOneGo >= queueLength;
        atOneGo = 0;
        if (isFull) onOverflow();
      });
    }
    atOneGo += 1;
  }

  function closeAll(): void {
    for (const watcher of watchers) watcher.close();
    watchers = [];
  }

  function begin(): void {
    closeAll();
    watched = null;
    const there = directories.find((path) => idOf(path) !== null);
    if (there === undefined || !follow(there)) watchAbove();
  }

  function follow(path: string): boolean {
    try {
      const { uid, mode } = statSync(path);
      if (uid !== 0 || (mode & 0o022) !== 0) throw new Error('it is not root’s alone');
      const id = idOf(path);
      if (id === null) return false;
      const watcher = watch(path, { persistent: true }, (kind, name) => {
        count();
        // Events of the directory itself bear its own name.
        if (name === null || name === basename(path)) check();
        else onName(name, kind === 'rename');
      });
      watcher.on('error', () => check());
      watchers.push(watcher);
      watched = { path, id };
      refused = '';
    } catch (error) {
      const { message } = error as Error;
      if (refused !== `${path} ${message}`) onRefused(path, message);
      refused = `${path} ${message}`;
      return false;
    }
    onWatched(path);
    return true;
  }

  /** The folders above, for the time that there is none. */
  function watchAbove(): void {
    for (const folder of new Set(directories.map((path) => dirname(path)))) {
      try {
        const watcher = watch(folder, (_, name) => {
          if (directories.some((path) => basename(path) === name)) check();
        });
        watcher.on('error', () => {});
        watchers.push(watcher);
      } catch {
        // Not there either.
      }
    }
    // One that was made before the folders were watched makes no event any more.
    if (directories.some((path) => idOf(path) !== null) && refused === '') check();
  }

  function check(): void {
    if (watched !== null) {
      if (idOf(watched.path) === watched.id) return;
      onLost(watched.path);
    }
    begin();
  }

  begin();
  return { check, close: closeAll };
}

function idOf(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

function readQueueLength(): number {
  try {
    const text = readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8');
    return Number(text) || usualQueueLength;
  } catch {
    return usualQueueLength;
  }
}
