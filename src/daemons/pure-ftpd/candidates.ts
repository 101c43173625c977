import type { Process, ProcessFacts } from '../../os/processes/process-table.ts';
import { adoptsNobody } from './proof.ts';
import { looksLikePureFtpd, parseTitle, setsTitles } from './title.ts';

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

/** Finds the parent of a process, where it is known. */
export type ParentOf = (process: ProcessFacts) => ProcessFacts | null | undefined;

/**
 * Sorts processes that were read, which proves that no ordinary user brought them in (proof.ts),
 * into masters and possible sessions:
 * 1. nobody but root can write its executable;
 * 2. a master is root's in every uid and gid, and calls itself one; of a daemon that sets no titles
 *    it is known by the name of its file, and by not being the child of its like;
 * 3. a session is a child of a master of the same executable, or needs a record;
 * 4. its title is a session's, or its daemon sets no titles. Before login it is root's, but so is it
 *    after one of root's own: the record tells.
 *
 * Without the right to read a master's executable, that it is root's in every uid and gid has to do:
 * no user can bring a process of his own into that state by running a set-uid program under a title
 * of his choice. A session's may be unreadable though its master's is not: then its parent vouches.
 */
export function sortProcesses(processes: readonly Process[], parentOf?: ParentOf): Sorted {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const findParent: ParentOf = (process) => byPid.get(process.parentPid) ?? parentOf?.(process);
  const masters = processes.filter((process) => isMaster(process, findParent));
  const mastersByPid = new Map(masters.map((master) => [master.pid, master]));
  const candidates = processes.flatMap((process): Candidate[] => {
    if (mastersByPid.has(process.pid) || !isTrusted(process)) return [];
    const master = mastersByPid.get(process.parentPid);
    const vouched = master !== undefined && vouches(master, process);
    const title = parseTitle(process.title);
    // Without its master nothing but its own title tells whether an orphan's daemon sets titles.
    const isTitled = vouched ? setsTitles(master.title) : title !== null;
    if (isTitled && title?.kind !== 'session') return [];
    // The helper of a session whose daemon sets no titles.
    if (!vouched && process.uid === 0 && isSameProgram(process, findParent(process))) return [];
    return [{ process, setsTitles: isTitled, needsRecord: !vouched }];
  });
  return { masters, candidates };
}

/** True for every process of this daemon or its like, also those that are not counted. */
export function isSameProgram(
  process: Pick<ProcessFacts, 'executablePath'>,
  other: Pick<ProcessFacts, 'executablePath'> | null | undefined,
): boolean {
  if (process.executablePath === null || other == null) return false;
  return withoutMark(process.executablePath) === withoutMark(other.executablePath ?? '');
}

/** The kernel's mark of a file that was removed or replaced. */
function withoutMark(path: string): string {
  return path.replace(/ \(deleted\)$/, '');
}

function isTrusted({ executable, title, executablePath }: Process): boolean {
  if (executable !== null) return executable.writableByRootOnly;
  return executablePath === null && parseTitle(title) !== null;
}

/** Sessions and their helpers have the title of a master for a moment, and are children of its like. */
function isMaster(process: Process, parentOf: ParentOf): boolean {
  if (process.uid !== 0 || process.isWhollyRoot === false || !isTrusted(process)) return false;
  const title = parseTitle(process.title);
  if (process.executable === null) return title?.kind === 'master' && process.isWhollyRoot === true;
  if (isSameProgram(process, parentOf(process))) return false;
  return title === null ? looksLikePureFtpd(process) : title.kind === 'master';
}

/** Only of a parent that adopts nobody every child is its own. */
function vouches(master: Process, child: Process): boolean {
  if (!adoptsNobody(master.pid)) return false;
  return child.executable === null || child.executable.identity === master.executable?.identity;
}
