import type { DaemonDriver, DaemonRecords } from '../daemons/driver.ts';
import type { ProcessFacts, ProcessFiles, ProcessTable } from '../os/processes/process-table.ts';

/**
 * Why a process may be read by what can wait for it: no ordinary user can bring one in that has
 * - `root`: the real uid 0, here and not in a container whose root is somebody else. Running a
 *   set-uid program leaves the real uid as it was;
 * - `child`: a master of the daemon for its parent, or what serves a connection for one. Sessions
 *   that have logged in have the uids of their user, but only the daemon itself makes children of
 *   its own;
 * - `record`: the daemon's own record of it open, which is root's;
 * - `ids`: another uid than the process above it, which executes the same program under one that is
 *   the daemon's own. To begin a process of another uid takes rights that no ordinary user has; but
 *   two users who act together can have a set-uid program between them. So the process above is
 *   root's, or it is confined to a directory, which takes root as well.
 */
export type Proof = 'root' | 'child' | 'record' | 'ids';

/** What a proof rests on. */
export interface ProofContext {
  readonly table: Pick<ProcessTable, 'residenceOf'> & {
    readonly files: Pick<ProcessFiles, 'rootOf'> | null;
  };
  readonly records: Pick<DaemonRecords<unknown>, 'has' | 'isHeldBy'>;
  /** Whether a process is a master, or serves a connection for one. */
  readonly isParent: (pid: number) => boolean;
  readonly driver: Pick<DaemonDriver, 'looksLike' | 'isOwnUid'>;
  readonly parentOf: (process: ProcessFacts) => ProcessFacts | null | undefined;
}

/**
 * What speaks for a process. What nothing proves is neither a session nor a master: `unproven` where
 * it is known that nothing does, `unclear` where what could prove it cannot be told.
 */
export type Finding = Proof | 'unproven' | 'unclear';

export function isProof(finding: Finding): finding is Proof {
  return finding !== 'unproven' && finding !== 'unclear';
}

/** Decides for every kind of scan whether a process may be read, by what waits for nobody. */
export function proofOf(facts: ProcessFacts, context: ProofContext): Finding {
  const { table, isParent } = context;
  if (isParent(facts.parentPid) && adoptsNobody(facts.parentPid)) return 'child';
  if (isRoots(facts) && isHere(table.residenceOf(facts))) return 'root';
  if (isMadeByDaemon(facts, context)) return 'ids';
  const isProven = holdsOwnRecord(facts, context);
  if (isProven === null) return 'unclear';
  return isProven ? 'record' : 'unproven';
}

/** Orphans become children of a PID namespace's first process, whatever they are. */
export function adoptsNobody(pid: number): boolean {
  return pid !== 1;
}

export function isRoots({ realUid, uid }: ProcessFacts): boolean {
  return (realUid ?? uid) === 0;
}

/** A user namespace has uids that are not what they seem; what lives in another one does not count. */
function isMadeByDaemon(facts: ProcessFacts, { driver, table, parentOf }: ProofContext): boolean {
  if (driver.isOwnUid === undefined || !driver.looksLike(facts)) return false;
  const parent = parentOf(facts);
  if (parent == null || !adoptsNobody(parent.pid)) return false;
  if (!isSameProgram(facts, parent)) return false;
  const { uid, realUid } = parent;
  if (realUid !== uid || facts.uid === uid || !driver.isOwnUid(uid)) return false;
  if (!isHere(table.residenceOf(facts)) || !isHere(table.residenceOf(parent))) return false;
  return uid === 0 || isConfined(parent, table);
}

/** Without root a user can change the root directory in a user namespace of an own alone. */
function isConfined(facts: ProcessFacts, { files }: ProofContext['table']): boolean {
  const root = files?.rootOf(facts) ?? null;
  return root !== null && root !== '/';
}

/** True for every process of one daemon or its like, also those that are not counted. */
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

function isHere(residence: ReturnType<ProcessTable['residenceOf']>): boolean {
  return residence === 'here' || residence === 'unknown';
}

/**
 * True when a process holds its own record open; null when that cannot be told. In a user namespace
 * of the user's own any file may look like one; those do not count.
 *
 * Any user can ask for this by the name of a program. So first comes what costs the same of every
 * process: whether there is a record under its pid, and where it lives.
 */
function holdsOwnRecord(facts: ProcessFacts, { table, records }: ProofContext): boolean | null {
  if (!records.has(facts.pid) || !isHere(table.residenceOf(facts))) return false;
  return records.isHeldBy(facts);
}
