import type { DaemonDriver } from '../daemons/driver.ts';
import type { Process, ProcessFacts, ProcessTable } from '../os/processes/process-table.ts';
import { type Classified, classify } from './classify.ts';
import type { Daemon } from './daemon.ts';
import { type Finding, isProof, isRoots, proofOf } from './proof.ts';
import { mayBeRootForAMoment, settledUid } from './settled-uid.ts';
import { causesElsewhere, explain, explainRoots, type Uncounted } from './uncounted.ts';

/** All of a daemon among the processes of a listing. */
export interface Census extends Classified {
  readonly uncounted: readonly Uncounted[];
  /** True when what may be this daemon executes something that may not be read. */
  readonly isBlind: boolean;
}

export interface CensusContext extends Daemon {
  /** The pids that have a record; of others none is looked for. */
  readonly recordPids: readonly number[];
  /** Processes that are tracked already, and so are not read. */
  readonly isKnown?: (pid: number) => boolean;
}

/**
 * Goes through a listing in stages, since what can wait is read only of processes that are proven
 * (proof.ts): first root's, among them the masters, then the masters' children, and the children of
 * those that serve connections for them, and those that hold their own record.
 */
export function takeCensus(
  processes: readonly ProcessFacts[],
  { driver, records, table, recordPids, isKnown = () => false }: CensusContext,
): Census {
  const listed = processes.filter(({ pid }) => !isKnown(pid));
  const byPid = new Map(processes.map((facts) => [facts.pid, facts]));
  const parentOf = ({ parentPid }: ProcessFacts) => byPid.get(parentPid);
  const proofContext = (isParent: (pid: number) => boolean) => ({
    table,
    records,
    isParent,
    driver,
    parentOf,
  });
  const ofNobody = proofContext(() => false);
  const roots = listed.flatMap((facts) => {
    if (!isRoots(facts)) return [];
    return readProven(facts, proofOf(facts, ofNobody), { driver, table }) ?? [];
  });
  let { parents } = classify(roots, driver, parentOf);
  const ofParents = proofContext((pid) => parents.has(pid));
  const recorded = new Set(recordPids);
  const read = new Map<number, Process>(roots.map((process) => [process.pid, process]));
  const uncounted: Uncounted[] = [];
  for (let generation = 1; generation < driver.generations; generation += 1) {
    for (const facts of listed) {
      if (read.has(facts.pid) || !parents.has(facts.parentPid)) continue;
      const process = readProven(facts, proofOf(facts, ofParents), { driver, table });
      if (process !== null) read.set(facts.pid, process);
    }
    ({ parents } = classify([...read.values()], driver, parentOf));
  }
  for (const facts of listed) {
    const process = read.get(facts.pid);
    if (process !== undefined) {
      const gap = isRoots(facts) ? explainRoots(process, parentOf(facts), driver) : null;
      if (gap !== null) uncounted.push({ process: facts, gap });
      continue;
    }
    const mayBeProven =
      parents.has(facts.parentPid) || recorded.has(facts.pid) || driver.looksLike(facts);
    if (!mayBeProven) continue;
    const finding = proofOf(facts, ofParents);
    const other = isProof(finding) ? table.read(facts) : null;
    const gap = explain(facts, parentOf(facts), finding, { driver, table });
    if (other !== null) read.set(facts.pid, other);
    // Its parent has ended since: a session of vsftpd's in a PID namespace of its own, which ends with that.
    const isEnding = facts.parentPid > 0 && parentOf(facts) === undefined;
    if (gap !== null && !(isEnding && causesElsewhere.has(gap.cause))) {
      uncounted.push({ process: facts, gap });
    }
  }
  const isBlind =
    listed.some((facts) => facts.executablePath === null && driver.looksLike(facts)) ||
    roots.some(({ executable }) => executable === null);
  return { ...classify([...read.values()], driver, parentOf), uncounted, isBlind };
}

/**
 * Reads a process if what was found of it proves that no ordinary user brought it in. Of root's those
 * alone are of interest that look like the daemon or call themselves so. The uid is that of its user also
 * while it is root for a moment.
 */
export function readProven(
  facts: ProcessFacts,
  finding: Finding,
  { driver, table }: { readonly driver: DaemonDriver; readonly table: ProcessTable },
): Process | null {
  if (!isProof(finding)) return null;
  const isOfInterest = (title: string) => driver.looksLike(facts) || driver.roleOf(title) !== null;
  const process = table.read(facts, finding === 'root' ? isOfInterest : undefined);
  if (process === null || !mayBeRootForAMoment(process, driver)) return process;
  const uid = settledUid(process, table) ?? 0;
  return uid === 0 ? process : { ...process, uid };
}
