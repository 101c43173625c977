import { readFileSync } from 'node:fs';

/** A user of this system, as its files say. */
export interface SystemLogin {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/**
 * The users of passwd(5) who have a password (shadow(5)), with a shell of shells(5) where that is asked for, but root.
 */
export function systemLogins(needsShell = true): SystemLogin[] {
  const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n');
  const shells = linesOf('/etc/shells').filter((line) => line.startsWith('/'));
  const hashes = new Map(
    linesOf('/etc/shadow').map((line) => line.split(':', 2) as [string, string]),
  );
  return linesOf('/etc/passwd')
    .map((line) => line.split(':'))
    .filter(([name = '', , uid, , , , shell = '']) => {
      const hasPassword = !/^[!*]/.test(hashes.get(name) ?? '*');
      return uid !== '0' && hasPassword && (!needsShell || shells.includes(shell));
    })
    .map(([name = '', , uid, , , home = '']) => ({ name, uid: Number(uid), home }));
}
