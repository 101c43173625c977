import { type AuditFile, openAuditFile } from './audit-file.ts';

/**
 * Writes lines, each with its end, into the audit log at a path, which is opened at the first of them.
 * A log that fails makes noise, but keeps nobody out: a full disk must not lock the administrator out
 * of the machine. So it never throws; `onProblem` gets the error of a line that could not be written,
 * and of no further one until one can be again.
 */
export function openAuditLog(
  path: string,
  onProblem: (error: unknown) => void,
  open: (path: string) => Pick<AuditFile, 'write'> = openAuditFile,
): (line: string) => void {
  let file: Pick<AuditFile, 'write'> | null = null;
  let isFailing = false;
  return (line) => {
    try {
      file ??= open(path);
      file.write(line);
      isFailing = false;
    } catch (error) {
      if (!isFailing) onProblem(error);
      isFailing = true;
    }
  };
}
