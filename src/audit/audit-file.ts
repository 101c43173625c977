import { closeSync, constants, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs';

/** A file that only grows. */
export interface AuditFile {
  /** Appends a line that has its end. Throws when it cannot be written whole. */
  write(line: string): void;
  close(): void;
}

interface OpenFile {
  readonly fd: number;
  readonly id: string;
  /** Whether the next line has to end another one first. */
  isInLine: boolean;
}

/**
 * The audit log at a path, opened now; created with mode 0640 when it is not there. Several processes
 * may append to it. When the path names another file or none, because the log was rotated, the next
 * write opens it anew. Throws when it cannot be opened, is a symbolic link or no regular file.
 */
export function openAuditFile(path: string): AuditFile {
  let file = openForAppending(path);
  return {
    write(line) {
      if (fileId(path) !== file.id) {
        const renewed = openForAppending(path);
        closeSync(file.fd);
        file = renewed;
      }
      append(file, line);
    },
    close: () => closeSync(file.fd),
  };
}

/** A line that a full disk cut off must not swallow the beginning of the next one. */
function append(file: OpenFile, line: string): void {
  const bytes = Buffer.from(file.isInLine ? `\n${line}` : line);
  const written = writeSync(file.fd, bytes);
  if (written > 0) file.isInLine = bytes[written - 1] !== 0x0a;
  if (written < bytes.length) {
    throw new Error(`only ${written} of ${bytes.length} bytes were written`);
  }
}

function openForAppending(path: string): OpenFile {
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  // Reading is for the look at the end; with it the opening of a named pipe does not wait either.
  const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o640);
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile()) throw new Error(`${path} is no regular file`);
    return { fd, id: `${stat.dev}:${stat.ino}`, isInLine: endsInLine(fd, stat.size) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function endsInLine(fd: number, size: bigint): boolean {
  const last = Buffer.alloc(1);
  return size > 0n && readSync(fd, last, 0, 1, size - 1n) === 1 && last[0] !== 0x0a;
}

function fileId(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`;
}
