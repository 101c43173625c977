import { listFiles, parseFdinfo } from '../os/processes/procfs/fd.ts';
import { isDenied, isGone, readProcFile } from '../os/processes/procfs/read-file.ts';

/**
 * Whether the process that has this pid now holds the file of that inode open, among those whose link has a text that
 * `isMeant` takes; null where the kernel does not let its files be seen. No file system is asked that a customer's file
 * may lie on.
 */
export function holdsFile(
  procRoot: string,
  pid: number,
  inode: string,
  isMeant: (target: string) => boolean,
): boolean | null {
  try {
    return (listFiles(`${procRoot}/${pid}/fd`) ?? []).some(({ fd, target }) => {
      if (!isMeant(target)) return false;
      const text = readProcFile(`${procRoot}/${pid}/fdinfo/${fd}`)?.toString('latin1') ?? '';
      return parseFdinfo(text)?.inode === inode;
    });
  } catch (error) {
    if (isGone(error)) return false;
    if (isDenied(error)) return null;
    throw error;
  }
}
