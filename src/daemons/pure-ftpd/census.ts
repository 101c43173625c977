import type { Process, ProcessFacts, ProcessTable } from '../../os/processes/process-table.ts';
import { type Sorted, sortProcesses } from './candidates.ts';
import { type Finding, isProof, isRoots, type ProofContext, proofOf } from './proof.ts';
import { looksLikePureFtpd, parseTitle } from './title.ts';
import { explain, explainRoots, type Uncounted } from './uncounted.ts';

/** All of pure-ftpd among the processes of a listing. */
export interface Census extends Sorted {
  readonly uncounted: readonly Uncounted[];
  /** True when what may be pure-ftpd executes something that may not be read. */
  readonly isBlind: boolean;
}

export interface CensusContext extends Pick<ProofContext, 'scoreboardDirectories'> {
  readonly table: ProcessTable;
  /** The pids that have a record; of others none is looked for. */
  readonly recordPids: readonly number[];
}

/**
 * Goes through a listing in stages, since what can wait is read only of processes that are proven
 * (proof.ts): first root's, among them the masters, then the masters' children and those that hold
 * their own record.
 */
export function takeCensus(listed: readonly ProcessFacts[], context: CensusContext): Census {
  const byPid = new Map(listed.map((facts) => [facts.pid, facts]));
  const parentOf = ({ parentPid }: ProcessFacts) => byPid.get(parentPid);
  const proofContext = (isMaster: (pid: number) => boolean) => ({ ...context, isMaster });
  const ofNobody = proofContext(() => false);
  const roots = listed.flatMap((facts) => {
    if (!isRoots(facts)) return [];
    return readProven(facts, context.table, proofOf(facts, ofNobody)) ?? [];
  });
  const masters = new Set(sortProcesses(roots, parentOf).masters.map(({ pid }) => pid));
  const ofMasters = proofContext((pid) => masters.has(pid));
  const recordPids = new Set(context.recordPids);
  const read = new Map<number, Process>(roots.map((process) => [process.pid, process]));
  const uncounted: Uncounted[] = [];
  for (const facts of listed) {
    const process = read.get(facts.pid);
    if (process !== undefined) {
      const gap = explainRoots(process, parentOf(facts));
      if (gap !== null) uncounted.push({ process: facts, gap });
      continue;
    }
    const mayBeProven =
      masters.has(facts.parentPid) || recordPids.has(facts.pid) || looksLikePureFtpd(facts);
    if (!mayBeProven) continue;
    const finding = proofOf(facts, ofMasters);
    const other = isProof(finding) ? context.table.read(facts) : null;
    const gap = explain(facts, parentOf(facts), finding, context);
    if (other !== null) read.set(facts.pid, other);
    if (gap !== null) uncounted.push({ process: facts, gap });
  }
  const isBlind =
    listed.some((facts) => facts.executablePath === null && looksLikePureFtpd(facts)) ||
    roots.some(({ executable }) => executable === null);
  return { ...sortProcesses([...read.values()], parentOf), uncounted, isBlind };
}

/**
 * Reads a process if what was found of it proves that no ordinary user brought it in. Of root's those alone are
 * of interest that look like pure-ftpd or call themselves so.
 */
export function readProven(
  facts: ProcessFacts,
  table: ProcessTable,
  finding: Finding,
): Process | null {
  if (!isProof(finding)) return null;
  const isOfInterest = (title: string) => looksLikePureFtpd(facts) || parseTitle(title) !== null;
  return table.read(facts, finding === 'root' ? isOfInterest : undefined);
}
