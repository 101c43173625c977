import type { KeptTable, ProcessListing } from '../os/processes/process-table.ts';
import { inspect, type Searched } from './search.ts';

/**
 * A process executes its program soon after it came, so it counts as added for so long, and is looked
 * into at every scan until then.
 */
const addedForMs = 3_000;

/**
 * After a longer time without a scan all are listed anew: every pid may have been given once more, and
 * what was there before may have executed another program. While scans follow each other the search
 * beside them goes over those that stay.
 */
const maxPauseMs = 10_000;

/** More of them cost as much as a listing. */
const maxAddedPart = 0.25;

/** What has been added to the process table since the scan before, where no master leads to it. */
export interface AddedProcesses {
  /** Takes a listing of all as what is known from now on, and the last pid before it. */
  begin(listing: ProcessListing, lastPid: number | null): void;
  /** Looks into what was added; false when all have to be listed instead. */
  follow(searched: readonly Searched[]): boolean;
}

/**
 * Finds masters on a host where none is known, for one that is served by a super-server or not at
 * all: by the names in /proc, which are one list, in place of several files of each process. What
 * keeps records needs none of this, since a record of a pid that is not tracked tells of its session.
 * `now` is in milliseconds, on a clock that does not jump.
 */
export function createAddedProcesses(
  kept: Pick<KeptTable, 'pids' | 'lastPid' | 'glance' | 'facts'>,
  now = () => performance.now(),
): AddedProcesses {
  let known: ReadonlySet<number> = new Set();
  let lastPid: number | null = null;
  let followedAt = Number.NEGATIVE_INFINITY;
  /** When each was first seen. */
  const added = new Map<number, number>();

  return {
    begin: ({ processes }, lastBefore) => {
      followedAt = now();
      lastPid = lastBefore;
      known = new Set(processes.map(({ pid }) => pid));
      added.clear();
      const newest = Date.now() - addedForMs;
      for (const { pid, startedAtMs } of processes) {
        if (startedAtMs === null || startedAtMs > newest) added.set(pid, followedAt);
      }
    },
    follow: (searched) => {
      const at = now();
      if (at - followedAt > maxPauseMs || lastPid === null) return false;
      const from = lastPid;
      lastPid = kept.lastPid();
      // Pids have begun anew: any may be another process' by now.
      if (lastPid === null || lastPid < from) return false;
      const pids = kept.pids();
      // One that is known was given once more if it is among those that were given since.
      const isGiven = (pid: number) => pid > from && pid <= (lastPid ?? from);
      for (const pid of pids) if (!known.has(pid) || isGiven(pid)) added.set(pid, at);
      known = new Set(pids);
      followedAt = at;
      for (const pid of added.keys()) if (!known.has(pid)) added.delete(pid);
      if (added.size > pids.length * maxAddedPart) return false;
      for (const [pid, since] of added) {
        if (!searched.some(({ tracker }) => tracker.knows(pid))) inspect(pid, searched, kept);
        if (at - since > addedForMs) added.delete(pid);
      }
      return true;
    },
  };
}
