import type { Candidate, DaemonDriver } from '../daemons/driver.ts';
import type { Process, ProcessFacts } from '../os/processes/process-table.ts';
import { adoptsNobody, isSameProgram } from './proof.ts';

/** A process whose children are a daemon's: a master, or what serves a connection by children. */
export interface Parent {
  readonly process: Process;
  readonly isMaster: boolean;
  /** True of a master, and of what serves a connection for none: nothing of the daemon is above it. */
  readonly isTop: boolean;
  /** Whether its sessions' titles are set. */
  readonly setsTitles: boolean;
}

export type Parents = ReadonlyMap<number, Parent>;

export interface Classified {
  readonly masters: readonly Process[];
  /** By pid: the masters, what serves connections for them, and those that were known before. */
  readonly parents: Parents;
  readonly candidates: readonly Candidate[];
}

/** Finds the parent of a process, where it is known. */
export type ParentOf = (process: ProcessFacts) => ProcessFacts | null | undefined;

/**
 * Classifies processes that were read, which proves that no ordinary user brought them in (proof.ts),
 * as masters and possible sessions of a daemon:
 * 1. nobody but root can write its executable;
 * 2. a master is root's, by the ids that the driver names, and calls itself one; of a daemon that
 *    sets no titles it is known by the name of its file, and by not being the child of its like;
 * 3. a session is a child of a master of the same executable, or of what serves a connection for
 *    one or for a super-server, or needs a record;
 * 4. its title is a session's, or its daemon sets no titles. Before login it may be root's, but so is
 *    it after one of root's own: the record tells.
 *
 * Without the right to read a master's executable, that it is root's in every uid and gid has to do:
 * no user can bring an own process into that state by running a set-uid program under a chosen
 * title. A session's may be unreadable though its master's is not: then its parent vouches.
 */
export function classify(
  processes: readonly Process[],
  driver: DaemonDriver,
  parentOf?: ParentOf,
  known: Parents = new Map(),
): Classified {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const findParent: ParentOf = (process) => byPid.get(process.parentPid) ?? parentOf?.(process);
  const masters = processes.filter((process) => isMaster(process, driver, findParent));
  const parents = new Map(known);
  for (const process of masters) {
    const setsTitles = driver.setsTitles(process.title);
    parents.set(process.pid, { process, isMaster: true, isTop: true, setsTitles });
  }
  for (const process of driver.generations === 2 ? processes : []) {
    const above = vouchingParent(process, parents);
    if (
      above === undefined
        ? isMasterless(process, driver, findParent)
        : servesConnection(process, above, driver)
    ) {
      const setsTitles = above?.setsTitles ?? driver.roleOf(process.title) !== null;
      parents.set(process.pid, {
        process,
        isMaster: false,
        isTop: above === undefined,
        setsTitles,
      });
    }
  }
  const masterOf = (parent: Parent | undefined): Process | null => {
    if (parent === undefined || parent.isMaster) return parent?.process ?? null;
    const above = parents.get(parent.process.parentPid);
    return above?.isMaster === true ? above.process : null;
  };
  const candidates = processes.flatMap((process): Candidate[] => {
    if (parents.has(process.pid) || !isTrusted(process, driver)) return [];
    const parent = vouchingParent(process, parents);
    const role = driver.roleOf(process.title);
    // Without its master nothing but its own title tells whether an orphan's daemon sets titles.
    const setsTitles = parent === undefined ? role !== null : parent.setsTitles;
    if (setsTitles && role !== 'session') return [];
    const above = findParent(process) ?? null;
    // The helper of a session whose daemon sets no titles.
    if (parent === undefined && process.uid === 0 && isSameProgram(process, above)) return [];
    const master = masterOf(parent);
    return [{ process, parent: above, master, setsTitles, needsRecord: parent === undefined }];
  });
  return { masters, parents, candidates };
}

/** False when the title of a process that is there still says that it has become something else. */
export function isStillSession(
  { setsTitles }: Candidate,
  title: string,
  driver: Pick<DaemonDriver, 'roleOf'>,
): boolean {
  return !setsTitles || driver.roleOf(title) === 'session';
}

function isTrusted({ executable, title, executablePath }: Process, driver: DaemonDriver): boolean {
  if (executable !== null) return executable.writableByRootOnly;
  return executablePath === null && driver.roleOf(title) !== null;
}

/** Sessions and their helpers have the title of a master for a moment, and are children of its like. */
function isMaster(process: Process, driver: DaemonDriver, parentOf: ParentOf): boolean {
  if (!hasMasterIds(process, driver) || !isTrusted(process, driver)) return false;
  const role = driver.roleOf(process.title);
  if (process.executable === null) return role === 'master' && process.isWhollyRoot === true;
  if (isSameProgram(process, parentOf(process))) return false;
  if (role !== null) return role === 'master';
  return driver.looksLike(process) && !startsWithConnection(process, driver);
}

/**
 * A super-server has started it for a connection, or a program that has a socket for its input has
 * started a master: what is below it counts alike.
 */
function startsWithConnection({ isInputSocket }: Process, driver: DaemonDriver): boolean {
  return driver.generations === 2 && isInputSocket === true;
}

/** True for what serves a connection for no master, as long as it is root's. */
function isMasterless(process: Process, driver: DaemonDriver, parentOf: ParentOf): boolean {
  if (!hasMasterIds(process, driver) || !isTrusted(process, driver)) return false;
  if (isSameProgram(process, parentOf(process))) return false;
  const role = driver.roleOf(process.title);
  if (role !== null) return role === 'connection';
  return driver.looksLike(process) && startsWithConnection(process, driver);
}

function hasMasterIds({ uid, realUid, isWhollyRoot }: Process, driver: DaemonDriver): boolean {
  return driver.masterIds === 'all-root' ? uid === 0 && isWhollyRoot !== false : realUid === 0;
}

function servesConnection(process: Process, above: Parent, driver: DaemonDriver): boolean {
  if (!above.isTop || !isTrusted(process, driver)) return false;
  if (above.setsTitles) return driver.roleOf(process.title) === 'connection';
  return driver.servesByChildren?.(process) ?? true;
}

function vouchingParent(process: Process, parents: Parents): Parent | undefined {
  const parent = parents.get(process.parentPid);
  return parent !== undefined && vouches(parent.process, process) ? parent : undefined;
}

/** Only of a parent that adopts nobody every child is its own. */
function vouches(parent: Process, child: Process): boolean {
  if (!adoptsNobody(parent.pid)) return false;
  return child.executable === null || child.executable.identity === parent.executable?.identity;
}
