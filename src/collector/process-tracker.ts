import type { Candidate } from '../daemons/driver.ts';
import type { Process, ProcessListing } from '../os/processes/process-table.ts';
import type { FtpSession, Gap } from '../sessions/session.ts';
import { type Census, takeCensus } from './census.ts';
import type { Daemon } from './daemon.ts';
import { loginOf } from './login.ts';
import { isWanted, type Owners } from './owners.ts';
import type { Observed } from './retry.ts';
import { createUncountedList } from './uncounted.ts';

/** The processes of one daemon in one scan. */
export interface DaemonProcesses {
  readonly masters: readonly Process[];
  /** Sessions that are as they were. */
  readonly unchanged: readonly FtpSession[];
  /** What is to be observed. */
  readonly candidates: readonly Candidate[];
  /** What could not be seen, but for what observing comes to. */
  readonly gaps: readonly Gap[];
}

/**
 * Finds the processes of one daemon for every scan. A process table whose files cannot be kept open
 * gives the same by reading again.
 */
export interface ProcessTracker {
  /** Whether a master is known, which leads to its sessions. */
  readonly hasMasters: boolean;
  /** True when nothing can be tracked, so that each scan needs a listing of all processes. */
  readonly needsListings: boolean;
  /** True when it has been given a listing and could not go through it: it needs another one. */
  readonly isBehind: boolean;
  /**
   * The processes now, as far as these owners may learn of it. `listing` is of all processes; null
   * where a master is known, of this daemon or of another one, or what was added was looked into.
   */
  update(listing: ProcessListing | null, owners: Owners): Promise<DaemonProcesses>;
  /** Takes what observing the candidates came to. */
  conclude(observed: readonly Observed[]): void;
}

/** Reads everything anew for every scan. */
export function createRelisting(daemon: Daemon): ProcessTracker {
  return {
    hasMasters: false,
    needsListings: true,
    isBehind: false,
    update: async (listing, owners) => {
      const all = listing ?? (await daemon.table.list());
      return processesOf(takeWholeCensus(all, daemon), daemon, owners);
    },
    conclude: () => {},
  };
}

/** Sorts the processes of a listing. `isKnown` are those that are tracked, and so not read. */
export function takeWholeCensus(
  { processes }: ProcessListing,
  daemon: Daemon,
  isKnown?: (pid: number) => boolean,
): Census {
  const recordPids = daemon.records.pids(() => processes.map(({ pid }) => pid));
  const context = { ...daemon, recordPids };
  return takeCensus(processes, isKnown === undefined ? context : { ...context, isKnown });
}

/** What a census comes to, as far as these owners may learn of it. */
export async function processesOf(
  census: Census,
  daemon: Daemon,
  owners: Owners,
): Promise<DaemonProcesses> {
  const reader = daemon.records.open();
  // Waiting for sessions of others that are just changing would tell that there are some.
  const concerned = census.candidates.filter(({ process }) => isWanted(process.uid, owners));
  const candidates = concerned.filter((each) => loginOf(each, reader, daemon) !== 'before');
  // What has ended since it was listed has nothing left that could prove it.
  const uncounted = createUncountedList(daemon.table, daemon.contained);
  uncounted.add(census.uncounted);
  const gaps: Gap[] = [...(await uncounted.gaps(owners, () => false))];
  // Said even where no master shows: one that sets no titles cannot be told from other programs.
  if (census.isBlind) gaps.push({ cause: 'executables-unreadable', ownerUid: null });
  return {
    masters: census.masters,
    unchanged: [],
    candidates,
    gaps,
  };
}
