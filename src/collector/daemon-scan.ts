import {
  type Process,
  type ProcessFacts,
  type ProcessListing,
  type ProcessTable,
  TableLateError,
} from '../os/processes/process-table.ts';
import { localHost, type SessionIdentity } from '../sessions/identity.ts';
import type { Snapshot } from '../sessions/session.ts';
import type { Accounts } from './accounts.ts';
import { takeCensus } from './census.ts';
import type { FoundContained } from './contained-daemons.ts';
import type { Daemon } from './daemon.ts';
import type { Target } from './ender.ts';
import { createMasterList } from './master.ts';
import type { Owners } from './owners.ts';
import type { ProcessTracker } from './process-tracker.ts';
import { retryUntilConsistent } from './retry.ts';

/** What a scan found. */
export type Found = Pick<Snapshot, 'sessions' | 'gaps' | 'daemons' | 'containedDaemons'>;

const nothing: FoundContained = { sessions: [], gaps: [], daemons: [] };

/** The scans for one daemon, and the masters that the last one has seen. */
export interface DaemonScan {
  run(listing: ProcessListing | null, owners: Owners, accounts: Accounts): Promise<Found>;
  masters(): readonly Process[];
}

/**
 * The scan for one daemon: what is as it was at the last one is taken from there, what is new or has
 * changed is observed.
 */
export function createDaemonScan(daemon: Daemon, source: ProcessTracker): DaemonScan {
  const { table, driver } = daemon;
  let lastMasters: readonly Process[] = [];
  const masterList = createMasterList(driver.description.name, table.files);
  return {
    masters: () => lastMasters,
    run: async (listing, owners, accounts) => {
      try {
        return await scan(listing, owners, accounts);
      } catch (error) {
        if (!(error instanceof TableLateError)) throw error;
        return { sessions: [], gaps: [{ cause: 'processes-late', ownerUid: null }], daemons: [] };
      }
    },
  };

  async function scan(
    listing: ProcessListing | null,
    owners: Owners,
    accounts: Accounts,
  ): Promise<Found> {
    const { masters, unchanged, candidates, gaps } = await source.update(listing, owners);
    lastMasters = masters;
    // Not before: what is known by now has its connection already.
    table.files?.beginScan();
    const observed = await retryUntilConsistent(candidates, daemon);
    source.conclude(observed);
    const contained = daemon.contained?.scan(accounts) ?? nothing;
    return {
      sessions: [
        ...unchanged,
        ...observed.flatMap(({ session }) => session ?? []),
        ...contained.sessions,
      ],
      gaps: [...gaps, ...observed.flatMap((each) => each.gaps), ...contained.gaps],
      daemons: masterList(masters),
      containedDaemons: contained.daemons,
    };
  }
}

/**
 * Verifies sessions anew before they are ended: everything that makes a process a session, and its
 * master one, is read again and classified by the rules of every scan; nothing that is tracked counts.
 * `listed` are these processes and all above them. Gives those that still are sessions of `owners`.
 */
export async function reverify(
  identities: readonly SessionIdentity[],
  owners: Owners,
  listed: readonly ProcessFacts[],
  daemon: Daemon,
): Promise<Target[]> {
  const here = identities.filter(({ host }) => host === localHost);
  const wanted = new Map(here.map(({ pid, startTime }) => [pid, startTime]));
  daemon.table.files?.beginScan();
  const { candidates } = takeCensus(listed, { ...daemon, recordPids: [...wanted.keys()] });
  const named = candidates.filter(
    ({ process: { pid, startTime, uid } }) =>
      wanted.get(pid) === startTime && (owners?.has(uid) ?? true),
  );
  const observed = await retryUntilConsistent(named, daemon);
  const signal = daemon.driver.endSignal;
  return observed.flatMap(({ candidate: { process }, session }) =>
    session === null ? [] : [{ process, session, signal }],
  );
}

/** The processes of these pids and all above them; what is a master shows only beside its parent. */
export async function readAncestry(
  pids: readonly number[],
  table: ProcessTable,
): Promise<readonly ProcessFacts[]> {
  const { kept } = table;
  if (kept === null) return (await table.list()).processes;
  const read = new Map<number, ProcessFacts | null>();
  for (const pid of pids) {
    for (let next = pid; next > 0 && !read.has(next); next = read.get(next)?.parentPid ?? 0) {
      read.set(next, kept.facts(next));
    }
  }
  return [...read.values()].filter((facts) => facts !== null);
}
