import { type BigIntStats, constants, lstatSync, renameSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { asideName, dayMs, removeOld } from './log-files.ts';
import { formatLine, formatTime, type LogLine } from './log-line.ts';

/** Writes lines, many at once, each group followed by fdatasync(2). */
export interface LogWriter {
  /** Takes a line. It is on the disk once `flushed` resolves, unless writing fails. */
  add(line: LogLine): void;
  /** Resolves when nothing is left to write, or writing fails. */
  flushed(): Promise<void>;
  close(): Promise<void>;
}

export interface LogWriterOptions {
  readonly path: string;
  /** Files that were set aside are removed after so many days. */
  readonly days: number;
  /** Told when writing begins to fail, once until it goes well again. */
  readonly onProblem: (error: unknown) => void;
  /** What stands first in each file that is made. */
  readonly head?: () => readonly LogLine[];
  readonly limits?: Partial<LogLimits>;
}

export interface LogLimits {
  /** A file that has grown so long is set aside. */
  readonly maxBytes: number;
  /** One that was made so long ago too, where nothing else rotates it. */
  readonly maxAgeMs: number;
  /** At most so many lines wait for a disk that is full; further ones are lost, and counted. */
  readonly maxWaiting: number;
  /** And so many bytes: a line with the files of a session is up to some megabytes. */
  readonly maxWaitingBytes: number;
  readonly retryMs: number;
}

const defaultLimits: LogLimits = {
  maxBytes: 64 * 1024 * 1024,
  maxAgeMs: 1.5 * dayMs,
  maxWaiting: 20_000,
  maxWaitingBytes: 64 * 1024 * 1024,
  retryMs: 5_000,
};

interface OpenFile {
  readonly handle: FileHandle;
  readonly id: string;
  bytes: number;
  /** Whether a line stands there that has no end. */
  isInLine: boolean;
  /** Whether this writer has written what stands first in each file, and that is there whole. */
  hasHead: boolean;
}

/**
 * The log at a path, mode 0600, made when it is not there; a symbolic link is not followed. When the
 * path names another file or none, because it was rotated, the next group opens it anew. A disk that
 * fails loses nothing until so many lines wait that memory is the matter, and then the log says how
 * many are missing.
 */
export function openLogWriter({
  path,
  days,
  onProblem,
  head: headOf = () => [],
  limits,
}: LogWriterOptions): LogWriter {
  const limit = { ...defaultLimits, ...limits };
  let waiting: string[] = [];
  let waitingBytes = 0;
  let lost = 0;
  let lostSince = 0;
  let file: OpenFile | null = null;
  let writing: Promise<void> | null = null;
  let retry: NodeJS.Timeout | null = null;
  let isFailing = false;
  const sweep = setInterval(removeAged, dayMs / 4);
  sweep.unref();
  removeAged();

  /** Also when nobody connects any more, or nothing was written since the start: lines have an end. */
  function removeAged(): void {
    try {
      setAsideIfDue();
      removeOld(path, days);
    } catch (error) {
      onProblem(error);
    }
  }

  function setAsideIfDue(): void {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile() || stat.size === 0) return;
    const isDue = stat.size >= limit.maxBytes || Date.now() - madeAt(stat) > limit.maxAgeMs;
    if (!isDue) return;
    renameSync(path, asideName(path, new Date()));
    removeOld(path, days);
  }

  /** The file at the path now. */
  async function current(): Promise<OpenFile> {
    if (file !== null && file.bytes >= limit.maxBytes) setAsideIfDue();
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (file !== null && stat !== undefined && fileId(stat) === file.id) {
      // Of one that was truncated in place, as logrotate(8) does with copytruncate, the head is gone.
      if (stat.size >= file.bytes) return file;
    }
    const opened = await openForAppending(path);
    await file?.handle.close().catch(() => {});
    file = opened;
    return opened;
  }

  /** Writes lines and takes those off the list that stand there whole, also when it fails half-way. */
  async function write(lines: readonly string[]): Promise<void> {
    const into = await current();
    const headLines = into.hasHead ? [] : headOf().map(formatLine);
    const head = Buffer.from([into.isInLine ? '\n' : '', ...headLines].join(''));
    const bytes = Buffer.concat([head, Buffer.from(lines.join(''))]);
    let written = 0;
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await into.handle.write(bytes, written);
        if (bytesWritten === 0) throw new Error('nothing more was written');
        written += bytesWritten;
      }
    } finally {
      into.bytes += written;
      if (written > 0) into.isInLine = bytes[written - 1] !== 0x0a;
      if (written > 0 && written >= head.length) into.hasHead = true;
      const whole = countWhole(bytes.subarray(head.length, written), waiting);
      for (const line of waiting.slice(0, whole)) waitingBytes -= Buffer.byteLength(line);
      waiting = waiting.slice(whole);
    }
    await into.handle.datasync();
  }

  async function writeAll(): Promise<void> {
    try {
      while (waiting.length > 0) {
        await write(waiting);
        isFailing = false;
        if (lost > 0) {
          push(lostLine());
          lost = 0;
        }
      }
    } catch (error) {
      if (!isFailing) onProblem(error);
      isFailing = true;
    }
  }

  function push(line: string): void {
    waiting.push(line);
    waitingBytes += Buffer.byteLength(line);
  }

  function lostLine(): string {
    const count = lost;
    const [at, since] = [formatTime(Date.now()), formatTime(lostSince)];
    return formatLine({ event: 'gap', at, since, daemon: null, cause: 'lines-lost', count });
  }

  function start(): void {
    if (writing !== null) return;
    writing = writeAll().finally(() => {
      writing = null;
      // What was written and could not be brought to the disk is not written again.
      if (!isFailing || waiting.length === 0) return;
      retry ??= setTimeout(() => {
        retry = null;
        start();
      }, limit.retryMs).unref();
    });
  }

  return {
    add: (line) => {
      if (waiting.length >= limit.maxWaiting || waitingBytes >= limit.maxWaitingBytes) {
        if (lost === 0) lostSince = Date.now();
        lost += 1;
      } else push(formatLine(line));
      if (retry === null) start();
    },
    flushed: async () => {
      start();
      await writing;
    },
    close: async () => {
      clearInterval(sweep);
      if (retry !== null) clearTimeout(retry);
      start();
      await writing;
      if (retry !== null) clearTimeout(retry);
      await file?.handle.close().catch(() => {});
    },
  };
}

/** How many of these lines stand there; of the last one the end may be missing, which comes before the next one. */
function countWhole(written: Buffer, lines: readonly string[]): number {
  const [last = '', ...before] = written.toString('latin1').split('\n').reverse();
  const rest = Buffer.byteLength(lines[before.length] ?? '') - last.length;
  return before.length + (last.length > 0 && rest === 1 ? 1 : 0);
}

async function openForAppending(path: string): Promise<OpenFile> {
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const handle = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) throw new Error(`${path} is no regular file`);
    // Whoever rotated it may have made it for others to read.
    if ((stat.mode & 0o077n) !== 0n) await handle.chmod(0o600);
    const bytes = Number(stat.size);
    const last = Buffer.alloc(1);
    if (bytes > 0) await handle.read(last, 0, 1, bytes - 1);
    const isInLine = bytes > 0 && last[0] !== 0x0a;
    return { handle, id: fileId(stat), bytes, isInLine, hasHead: false };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Not every file system knows when a file was made: then when it was last written to. */
function madeAt({ birthtimeMs, mtimeMs }: Stats): number {
  return birthtimeMs > 0 ? Math.min(birthtimeMs, mtimeMs) : mtimeMs;
}

const fileId = ({ dev, ino }: BigIntStats) => `${dev}:${ino}`;
