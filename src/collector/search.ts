import { setTimeout } from 'node:timers/promises';
import type { DaemonDriver } from '../daemons/driver.ts';
import type { Glance, KeptTable } from '../os/processes/process-table.ts';
import type { Tracker } from './tracker.ts';

/** All processes are listed this often at most, and only while somebody asks for sessions. */
const intervalMs = 1000;

/** How long after its scan a search begins. */
const delayMs = 50;

/** So many are read, then comes a pause: a scan that falls in between waits for these alone. */
const step = 4;
const pauseMs = 2;

/** A daemon executes its program soon after it came, so a process that was added is read at so many listings. */
const readingsWhenNew = 3;
/** The others are read by turns, at least so many after a listing, and all within so many listings. */
const minOthers = 250;
const listingsForAll = 10;

/** What is searched for: the processes of one daemon. */
export interface Searched {
  readonly driver: Pick<DaemonDriver, 'looksLike'>;
  readonly tracker: Pick<Tracker, 'knows' | 'inspect' | 'uncounted'>;
}

export interface Search {
  /** Begins a search for these daemons unless one runs or has run just now. */
  begin(searched: readonly Searched[]): void;
}

/**
 * Finds masters that the known ones and the records do not lead to, one that was started since and
 * whose sessions keep no records; and what looks like a daemon and does not count. It goes through
 * the whole process table, once for all daemons, so it runs beside the scans and not in them.
 */
export function createSearch(kept: KeptTable): Search {
  let searchedAt = -Infinity;
  let isSearching = false;
  const rotation = createRotation();

  async function search(searched: readonly Searched[]): Promise<void> {
    // Not while the scan runs that it was begun by.
    await setTimeout(delayMs, undefined, { ref: false });
    const listed = await kept.pidsBeside();
    const living = new Set(listed);
    for (const { tracker } of searched) tracker.uncounted.retain(living);
    let read = 0;
    for (const pid of rotation(listed)) {
      if (read % step === 0) await setTimeout(pauseMs, undefined, { ref: false });
      read += 1;
      if (searched.some(({ tracker }) => tracker.knows(pid))) {
        for (const { tracker } of searched) tracker.uncounted.delete(pid);
      } else if (inspect(pid, searched, kept)) read = 0;
    }
  }

  return {
    begin: (searched) => {
      if (isSearching || performance.now() - searchedAt < intervalMs) return;
      searchedAt = performance.now();
      isSearching = true;
      search(searched)
        .catch(() => {})
        .finally(() => {
          isSearching = false;
        });
    },
  };
}

/** Looks into a process for these daemons. True when it was worth more than a glance. */
export function inspect(
  pid: number,
  searched: readonly Searched[],
  kept: Pick<KeptTable, 'glance' | 'facts'>,
): boolean {
  const glance = kept.glance(pid);
  const worth = searched.filter(({ driver }) => isWorthReading(glance, driver));
  const facts = worth.length === 0 ? null : kept.facts(pid);
  for (const { tracker } of facts === null ? [] : worth) {
    try {
      if (facts !== null) tracker.inspect(facts);
    } catch {
      // The tracker makes sure that the next scan meets it too, and there it is told.
    }
  }
  if (facts === null) for (const { tracker } of worth) tracker.uncounted.delete(pid);
  return worth.length > 0;
}

/** A master can have any name, so all that may be root's are read. */
function isWorthReading(
  glance: Glance | null,
  driver: Pick<DaemonDriver, 'looksLike'>,
): glance is Glance {
  if (glance === null) return false;
  const { executablePath, mayBeRoots } = glance;
  return mayBeRoots || executablePath === null || driver.looksLike({ executablePath, name: '' });
}

/**
 * Says of each listing which pids' turn it is: those added, and some of the others'. Those of the
 * first listing do not count as added: the scan that found the first master has gone through all.
 */
export function createRotation(): (pids: readonly number[]) => number[] {
  let readings: ReadonlyMap<number, number> | null = null;
  let lastOther = 0;
  return (pids) => {
    readings ??= new Map(pids.map((pid) => [pid, readingsWhenNew]));
    const before = readings;
    const isNew = (pid: number) => (before.get(pid) ?? 0) < readingsWhenNew;
    const added = pids.filter(isNew);
    const others = pids.filter((pid) => !isNew(pid)).sort((a, b) => a - b);
    const from = others.findIndex((pid) => pid > lastOther);
    const inTurn = [...others.slice(Math.max(from, 0)), ...others.slice(0, Math.max(from, 0))];
    const count = Math.max(minOthers, Math.ceil(others.length / listingsForAll));
    const some = inTurn.slice(0, count);
    lastOther = some.at(-1) ?? 0;
    readings = new Map(
      pids.map((pid) => [pid, Math.min((before.get(pid) ?? 0) + 1, readingsWhenNew)]),
    );
    return [...added, ...some];
  };
}
