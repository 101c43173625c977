import type { Process } from '../../processes/process-table.ts';
import { isPureFtpdPath, parseTitle, setsTitles } from './title.ts';

/** A process that is a session if its record does not speak against it. */
export interface Candidate {
  readonly process: Process;
  /** False where the daemon never sets titles, so that the title tells nothing. */
  readonly setsTitles: boolean;
  /** True when no master vouches for it: then only the scoreboard can prove that it is a session. */
  readonly needsRecord: boolean;
}

export interface Sorted {
  readonly masters: readonly Process[];
  readonly candidates: readonly Candidate[];
}

/**
 * Sorts the processes of interest into masters and possible sessions:
 * 1. a process counts only if its executable is pure-ftpd's and nobody but root can write it;
 * 2. a session is a child of a root-owned master of the same executable, or needs a record;
 * 3. its title is a session's, or its daemon sets no titles;
 * 4. it runs as somebody: before login a session is root's, and pure-ftpd lets nobody be root.
 *
 * Without the right to read executables, what stands in for the first rule is that the master is
 * root's in every uid and gid: no user can bring a process of his own into that state by running a
 * set-uid program under a title of his choice.
 */
export function sortProcesses(processes: readonly Process[]): Sorted {
  const trusted = processes.filter(mayBePureFtpd);
  const byPid = new Map(trusted.map((process) => [process.pid, process]));
  const masters = trusted.filter((process) => isMaster(process, byPid));
  const mastersByPid = new Map(masters.map((master) => [master.pid, master]));
  const candidates = trusted.flatMap((process): Candidate[] => {
    if (process.uid === 0) return [];
    const master = mastersByPid.get(process.parentPid);
    const vouched = master !== undefined && mayExecuteSame(process, master);
    // Without its master nothing but its own title tells whether an orphan's daemon sets titles.
    const isTitled = vouched ? setsTitles(master.title) : parseTitle(process.title) !== null;
    if (isTitled && parseTitle(process.title)?.kind !== 'session') return [];
    return [{ process, setsTitles: isTitled, needsRecord: !vouched }];
  });
  return { masters, candidates };
}

function mayBePureFtpd({ executable, title }: Process): boolean {
  if (executable === null) return parseTitle(title) !== null;
  return executable.writableByRootOnly && isPureFtpdPath(executable.path);
}

/**
 * A master calls itself one, or sets no title and is not itself the child of a pure-ftpd: sessions
 * and their helpers are root's too before login.
 */
function isMaster(process: Process, byPid: ReadonlyMap<number, Process>): boolean {
  if (process.uid !== 0 || process.isWhollyRoot === false) return false;
  const title = parseTitle(process.title);
  if (process.executable === null) return title?.kind === 'master' && process.isWhollyRoot === true;
  if (byPid.has(process.parentPid)) return false;
  return title === null || title.kind === 'master';
}

/** A child's executable that may not be read speaks against nothing: title and master vouch for it. */
function mayExecuteSame({ executable }: Process, master: Process): boolean {
  return executable === null || executable.identity === master.executable?.identity;
}
