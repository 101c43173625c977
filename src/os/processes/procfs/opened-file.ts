import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import type { OpenedFile } from '../process-table.ts';
import { readDescriptor } from './kept-file.ts';

/** For reading, and without waiting for the other end should it be a pipe. */
export const readingFlags = constants.O_RDONLY | constants.O_NONBLOCK;

/** Opens the file that a link /proc/PID/fd/FD leads to; null when that is not possible. */
export function openThrough(link: string): OpenedFile | null {
  let fd: number | undefined;
  try {
    fd = openSync(link, readingFlags);
    const file = fstatSync(fd);
    const opened = fd;
    fd = undefined;
    return {
      writableByRootOnly: file.isFile() && file.uid === 0 && (file.mode & 0o022) === 0,
      read: (into, position, length) => readDescriptor(opened, into, position, length),
      close: () => closeSync(opened),
    };
  } catch {
    return null;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
