import type { ProcessFacts } from '../../os/processes/process-table.ts';

/** Under a super-server ProFTPD is executed as in.proftpd, which is a link to the same file. */
const fileName = /^(?:in\.)?proftpd(?: \(deleted\))?$/;

/**
 * True when a process looks like ProFTPD by the name of its file, or by its own where that may not be
 * read. Both prove nothing, and can be read of every process.
 */
export function looksLikeProftpd({
  executablePath,
  name,
}: Pick<ProcessFacts, 'executablePath' | 'name'>): boolean {
  const path = executablePath ?? name;
  return fileName.test(path.slice(path.lastIndexOf('/') + 1));
}
