import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Something that a process tries; a signal is sent for real. */
export type Attempt =
  | readonly ['read' | 'list' | 'link', path: string]
  | readonly ['signal', pid: number, signal: NodeJS.Signals];

const program = fileURLToPath(new URL('./attempting.js', import.meta.url));

/**
 * Tries all of that with the credentials of a user: its uid and gid, no supplementary group, no
 * capability. The outcome of each is "done" or the code of its error.
 */
export function attemptAs(
  { uid, gid }: { readonly uid: number; readonly gid: number },
  attempts: readonly Attempt[],
): string[] {
  const input = JSON.stringify({ uid, gid, attempts });
  return JSON.parse(execFileSync(process.execPath, [program], { input, encoding: 'utf8' }));
}
