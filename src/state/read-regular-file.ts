import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** What was read of a file: all of one moment, through one descriptor. */
export interface RegularFile {
  readonly text: string;
  readonly uid: number;
  /** The permission bits. */
  readonly mode: number;
}

/** A file that cannot be read. */
export interface Unreadable {
  /** The system's code, or "no regular file". */
  readonly fault: string;
}

/** Reads a file, links followed. Waits for nobody: a pipe that stands in its place is refused. */
export function readRegularFile(path: string): RegularFile | Unreadable {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { fault: 'no regular file' };
    return { text: readFileSync(fd, 'utf8'), uid: stat.uid, mode: stat.mode & 0o7777 };
  } catch (error) {
    return { fault: String((error as NodeJS.ErrnoException).code) };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
