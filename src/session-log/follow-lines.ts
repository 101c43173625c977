import { constants, statSync, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createLineSplitter } from './line-splitter.ts';
import { createTailMark, maxMarkBytes, type TailMark } from './tail-mark.ts';

const pieceBytes = 64 * 1024;

export interface FollowOptions {
  /** The file that is written to, which is closed in the end; null for none yet. */
  readonly current: FileHandle | null;
  /** What of it has been read, in bytes. */
  readonly position: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * The lines that a log gets from now on, in groups, also in files that take the place of one that was
 * rotated. It is not woken while nothing is written.
 */
export async function* followLines(
  path: string,
  { current, position, signal }: FollowOptions,
): AsyncGenerator<readonly string[]> {
  const changes = watchFolder(dirname(path), signal);
  const buffer = Buffer.alloc(pieceBytes);
  let handle = current;
  let at = position;
  let splitter = createLineSplitter();
  let mark = createTailMark();
  if (handle !== null) await markBefore(handle, at, mark);
  // It was truncated before it could be looked at.
  if (mark.length() === 0) at = 0;
  try {
    while (!signal.aborted) {
      // Before the reading: what is written while it goes on is read the next time.
      const change = changes.next();
      const isAnother = handle === null || fileAt(path) !== (await idOf(handle));
      if (handle !== null) {
        for (;;) {
          // In one call with what stands before it, which else could be truncated in between.
          const known = mark.length();
          const { bytesRead } = await handle.read(buffer, 0, buffer.length, at - known);
          // Truncated in place, as logrotate(8) does with copytruncate; it may have grown since.
          if (!mark.isSame(buffer.subarray(0, Math.min(known, bytesRead)))) {
            at = 0;
            splitter = createLineSplitter();
            mark.reset();
            continue;
          }
          if (bytesRead === known) break;
          const bytes = Buffer.from(buffer.subarray(known, bytesRead));
          at += bytes.length;
          mark.take(bytes);
          yield splitter.take(bytes);
        }
      }
      if (isAnother && fileAt(path) !== null) {
        yield splitter.rest();
        await handle?.close();
        handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
        at = 0;
        splitter = createLineSplitter();
        mark = createTailMark();
      } else {
        await change;
      }
    }
  } finally {
    changes.close();
    await handle?.close();
  }
}

/** Takes what stands before a position as what has been read. */
async function markBefore(handle: FileHandle, at: number, mark: TailMark): Promise<void> {
  const from = Math.max(0, at - maxMarkBytes);
  const bytes = Buffer.alloc(at - from);
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
  mark.take(bytes.subarray(0, bytesRead));
}

async function idOf(handle: FileHandle): Promise<string> {
  const { dev, ino } = await handle.stat({ bigint: true });
  return `${dev}:${ino}`;
}

function fileAt(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`;
}

/** `next` resolves when something has happened in a folder since it was called. */
function watchFolder(folder: string, signal: AbortSignal) {
  let onChange = () => {};
  const watcher = watch(folder, () => onChange());
  watcher.on('error', () => onChange());
  signal.addEventListener('abort', () => onChange());
  return {
    next: () =>
      new Promise<void>((resolve) => {
        onChange = resolve;
      }),
    close: () => watcher.close(),
  };
}
