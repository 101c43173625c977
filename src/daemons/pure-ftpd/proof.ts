import type { ProcessFacts, ProcessTable } from '../../os/processes/process-table.ts';
import { findOwnRecord, isSameFile } from './own-record.ts';
import { openScoreboard } from './scoreboard.ts';

/**
 * Why a process may be read by what can wait for it: no ordinary user can bring one in that has
 * - `root`: the real uid 0, here and not in a container whose root is somebody else. Running a
 *   set-uid program leaves the real uid as it was;
 * - `child`: a master of the daemon for its parent. Sessions that have logged in have the uids of
 *   their user, but only the daemon itself makes children of its own;
 * - `record`: its own record of the scoreboard open, which is root's.
 */
export type Proof = 'root' | 'child' | 'record';

/** What a proof rests on. */
export interface ProofContext {
  readonly table: Pick<ProcessTable, 'residenceOf' | 'files'>;
  readonly scoreboardDirectories: readonly string[];
  readonly isMaster: (pid: number) => boolean;
}

/**
 * What speaks for a process. What nothing proves is neither a session nor a master: `unproven` where
 * it is known that nothing does, `unclear` where what could prove it cannot be told.
 */
export type Finding = Proof | 'unproven' | 'unclear';

export function isProof(finding: Finding): finding is Proof {
  return finding !== 'unproven' && finding !== 'unclear';
}

/** Decides for every kind of look whether a process may be read, by what waits for nobody. */
export function proofOf(facts: ProcessFacts, context: ProofContext): Finding {
  const { table, isMaster } = context;
  if (isMaster(facts.parentPid) && adoptsNobody(facts.parentPid)) return 'child';
  if (isRoots(facts) && isHere(table.residenceOf(facts))) return 'root';
  const isProven = holdsOwnRecord(facts, context);
  if (isProven === null) return 'unclear';
  return isProven ? 'record' : 'unproven';
}

/** Orphans become children of a PID namespace's first process, whoever they are. */
export function adoptsNobody(pid: number): boolean {
  return pid !== 1;
}

export function isRoots({ realUid, uid }: ProcessFacts): boolean {
  return (realUid ?? uid) === 0;
}

function isHere(residence: ReturnType<ProcessTable['residenceOf']>): boolean {
  return residence === 'here' || residence === 'unknown';
}

/**
 * True when a process holds the very file open that the scoreboard has under its pid; null when that
 * cannot be told. Told by what the kernel knows of a descriptor and its inode: asking a file itself
 * would wait for its file system, which may be the user's own. In a user namespace of the user's own
 * any file may look so; those do not count. Nor does a record elsewhere than in the scoreboard: the
 * root of a container that shares the PID namespace could have made it.
 *
 * Any user can ask for this by the name of a program. So first comes what costs the same of every
 * process: whether there is a record under its pid, and where it lives.
 */
function holdsOwnRecord(
  facts: ProcessFacts,
  { table, scoreboardDirectories }: Pick<ProofContext, 'table' | 'scoreboardDirectories'>,
): boolean | null {
  const { files } = table;
  if (files === null) return null;
  const reading = openScoreboard(scoreboardDirectories).read(facts.pid);
  if (reading.kind === 'missing' || !isHere(table.residenceOf(facts))) return false;
  const open = files.list(facts);
  const own = open === null ? 'unknown' : findOwnRecord(facts, open, files);
  if (own === 'none') return false;
  return own === 'unknown' || reading.kind !== 'entry' ? null : isSameFile(own, reading);
}
