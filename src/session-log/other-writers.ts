import { readdirSync, realpathSync, statSync } from 'node:fs';
import { listFiles, parseFdinfo } from '../os/processes/procfs/fd.ts';
import { orNull, readProcFile } from '../os/processes/procfs/read-file.ts';

/**
 * The pids of other processes that have the file at a path open to write to. Two servers that keep one log would
 * have each session in it twice. None where the file is not there, or where processes may not be seen.
 */
export function otherWriters(procRoot: string, path: string): number[] {
  const inode = statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
  if (inode === undefined) return [];
  const pids = readdirSync(procRoot).flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []));
  const real = realpathSync(path);
  return pids.filter((pid) => pid !== process.pid && writes(`${procRoot}/${pid}`, real, inode));
}

function writes(folder: string, path: string, inode: bigint): boolean {
  const files = orNull(() => listFiles(`${folder}/fd`)) ?? [];
  return files.some(({ fd, target }) => {
    if (target !== path) return false;
    const text = orNull(() => readProcFile(`${folder}/fdinfo/${fd}`))?.toString('latin1') ?? '';
    const info = parseFdinfo(text);
    return info !== null && info.inode === String(inode) && info.access !== 'read';
  });
}
