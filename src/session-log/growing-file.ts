import { closeSync, fstatSync, readSync } from 'node:fs';
import { createLineSplitter, type LineSplitter } from './line-splitter.ts';
import { createTailMark } from './tail-mark.ts';

/** A log of a daemon's that is read on as it grows, by a descriptor: also after it was renamed or removed. */
export interface GrowingFile {
  /** The whole lines that were added since; half of one waits for the rest. */
  read(): {
    readonly lines: readonly string[];
    readonly wasCut: boolean;
    /** When it was last written to, in ms since the epoch. */
    readonly changedAt: number;
  };
  /** True once no path leads to it. */
  isRemoved(): boolean;
  close(): void;
}

const pieceBytes = 256 * 1024;
/** What is read of a log at the most at one go: the rest comes the next time. */
const maxAtOnceBytes = 32 * 1024 * 1024;
const buffer = Buffer.alloc(pieceBytes);

/**
 * Reads from a position on, from the first line that begins there. `wasCut` is true when the file was
 * truncated, as logrotate(8) does with copytruncate: what was written before and not read is lost.
 * It is found also when the file has grown past the position since.
 */
export function createGrowingFile(fd: number, from: number): GrowingFile {
  const mark = createTailMark();
  let position = Math.max(0, from - 1);
  let isAtBegin = from === 0;
  let splitter: LineSplitter = createLineSplitter();

  /** Whether what was read last still stands where it stood. */
  function isWhole(): boolean {
    if (fstatSync(fd).size < position) return false;
    const before = Buffer.alloc(mark.length());
    const count = readSync(fd, before, 0, before.length, position - before.length);
    return count === before.length && mark.isSame(before);
  }

  function restart(): void {
    position = 0;
    isAtBegin = true;
    splitter = createLineSplitter();
    mark.reset();
  }

  return {
    read() {
      const wasCut = !isWhole();
      if (wasCut) restart();
      const lines: string[] = [];
      for (let total = 0; total < maxAtOnceBytes; ) {
        const count = readSync(fd, buffer, 0, buffer.length, position);
        if (count === 0) break;
        total += count;
        position += count;
        const piece = buffer.subarray(0, count);
        mark.take(piece);
        for (const line of splitter.take(Buffer.from(piece))) lines.push(line);
        // What stands before is the end of a line that began earlier.
        if (!isAtBegin && lines.length > 0) {
          lines.shift();
          isAtBegin = true;
        }
      }
      return { lines, wasCut, changedAt: fstatSync(fd).mtimeMs };
    },
    isRemoved: () => fstatSync(fd).nlink === 0,
    close: () => closeSync(fd),
  };
}
