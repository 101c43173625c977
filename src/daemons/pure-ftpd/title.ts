import type { ProcessFacts } from '../../os/processes/process-table.ts';
import type { SessionState } from '../../sessions/session.ts';

/** What a pure-ftpd process says it is. */
export type Title =
  | { readonly kind: 'session'; readonly state: SessionState }
  | { readonly kind: 'master' }
  | { readonly kind: 'helper' };

/** The only titles that pure-ftpd sets (its ftp_parser.c, ftpd.c and privsep.c). */
const titles: readonly (readonly [string, Title])[] = [
  ['pure-ftpd (IDLE)', { kind: 'session', state: 'idle' }],
  ['pure-ftpd (DOWNLOAD)', { kind: 'session', state: 'download' }],
  ['pure-ftpd (UPLOAD)', { kind: 'session', state: 'upload' }],
  ['pure-ftpd (SERVER)', { kind: 'master' }],
  ['pure-ftpd (PRIV)', { kind: 'helper' }],
];

/** Shorter beginnings could be anything; from here on the first letter tells the title. */
const shortestBeginning = 'pure-ftpd (I'.length;

/**
 * What the whole of a process title says, or null when pure-ftpd sets no such title. A daemon that
 * was started with few arguments has room for the beginning of a title only.
 */
export function parseTitle(title: string): Title | null {
  if (title.length < shortestBeginning) return null;
  return titles.find(([full]) => full.startsWith(title))?.[1] ?? null;
}

/**
 * True when a master of this title sets its sessions' titles at every change. With less room than
 * the master's own title needs, pure-ftpd leaves out the change to "(DOWNLOAD)", and the old title
 * stays.
 */
export function setsTitles(masterTitle: string): boolean {
  return masterTitle === 'pure-ftpd (SERVER)';
}

/**
 * The names under which pure-ftpd is installed: Debian's have the database's name behind, and what
 * they are started with where VIRTUALCHROOT is set.
 */
const fileName = /^pure-ftpd(?:-(?:mysql|ldap|postgresql))?(?:-virtualchroot)?(?: \(deleted\))?$/;

/** True for a path that ends in one of the names under which pure-ftpd is installed. */
export function isPureFtpdPath(path: string): boolean {
  return fileName.test(path.slice(path.lastIndexOf('/') + 1));
}

/** The kernel cuts a process' name here. */
const nameLength = 15;

/**
 * True when a process looks like pure-ftpd by the name of its file, or by its own where that may not
 * be read. Both prove nothing, and can be read of every process.
 */
export function looksLikePureFtpd({
  executablePath,
  name,
}: Pick<ProcessFacts, 'executablePath' | 'name'>): boolean {
  if (executablePath !== null) return isPureFtpdPath(executablePath);
  return isPureFtpdPath(name) || (name.length === nameLength && name.startsWith('pure-ftpd-'));
}
