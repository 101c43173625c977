import type { ProcessTable } from '../os/processes/process-table.ts';
import type { FtpSession } from '../sessions/session.ts';

/**
 * The current directory of each session as the session has it, from its root directory on. Null where
 * it may not be read, the process has ended, or the kernel's word for it can be read in two ways. It
 * asks the kernel alone, which waits for no file system (the table of reads in procfs.ts).
 */
export async function readDirectories(
  sessions: readonly FtpSession[],
  { files, living }: Pick<ProcessTable, 'files' | 'living'>,
): Promise<readonly (string | null)[]> {
  if (files === null) return sessions.map(() => null);
  const read = sessions.map((session) => {
    const directory = files.directoryOf(session);
    const root = directory === null ? null : files.rootOf(session);
    return directory === null || root === null ? null : insideOf(root, directory);
  });
  // Afterwards: a pid can have become another process' in between.
  const alive = await living(sessions);
  return sessions.map(({ pid }, index) => (alive.has(pid) ? (read[index] ?? null) : null));
}

/** A path below a root directory, as it is seen from there. */
function insideOf(root: string, path: string): string | null {
  // The kernel marks a removed folder so, or the folder has this in its name.
  if (path.endsWith(' (deleted)') || root.endsWith(' (deleted)')) return null;
  if (!path.startsWith('/')) return null;
  if (root === '/') return path;
  if (path === root) return '/';
  return path.startsWith(`${root}/`) ? path.slice(root.length) : null;
}
