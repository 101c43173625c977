import { setTimeout } from 'node:timers/promises';
import type { Glance, KeptTable, ProcessTable } from '../../os/processes/process-table.ts';
import type { Gap } from '../../sessions/session.ts';
import { readProven } from './census.ts';
import type { Population } from './population.ts';
import { proofOf } from './proof.ts';
import { isPureFtpdPath } from './title.ts';
import { explain, explainRoots, type Uncounted } from './uncounted.ts';

/** All processes are listed this often at most, and only while somebody asks for sessions. */
const intervalMs = 1000;

/** How long after its look a search begins. */
const delayMs = 50;

/** So many are read, then comes a pause: a look that falls in between waits for these alone. */
const step = 4;
const pauseMs = 2;

/** Whoever becomes a daemon executes it soon after it came, so newcomers are read at so many listings. */
const readingsWhenNew = 3;
/** The others are read by turns, at least so many after a listing, and all within so many listings. */
const fewestOthers = 250;
const listingsForAll = 10;

/**
 * So many of each cause are told of. Whether they are still there is asked in each look, and an
 * ordinary user can have thousands.
 */
const mostOfACause = 100;

export interface Search {
  /** Begins a search unless one runs or has run just now. */
  begin(): void;
  /** Takes in what is found elsewhere to look like pure-ftpd and not to count. */
  know(uncounted: readonly Uncounted[]): void;
  /** What is to be said to these owners, null for everybody, of what is known to look so and lives. */
  gaps(owners: ReadonlySet<number> | null): Promise<readonly Gap[]>;
}

/**
 * Finds masters that the known ones and the scoreboard do not lead to, one that was started since and
 * whose sessions keep no records; and what looks like a daemon and does not count. It goes through
 * the whole process table, so it runs beside the looks and not in them.
 */
export function createSearch(
  table: ProcessTable,
  kept: KeptTable,
  population: Population,
  scoreboardDirectories: readonly string[],
): Search {
  const uncounted = new Map<number, Uncounted>();
  let searchedAt = -Infinity;
  let isSearching = false;
  const turns = createTurns();
  const context = { table, scoreboardDirectories, isMaster: () => false };

  async function search(): Promise<void> {
    // Not while the look runs that it was begun by.
    await setTimeout(delayMs, undefined, { ref: false });
    const listed = await kept.pidsBeside();
    const living = new Set(listed);
    for (const pid of uncounted.keys()) if (!living.has(pid)) uncounted.delete(pid);
    let read = 0;
    for (const pid of turns(listed)) {
      if (read % step === 0) await setTimeout(pauseMs, undefined, { ref: false });
      read += 1;
      if (population.knows(pid)) uncounted.delete(pid);
      else if (isWorthReading(kept.glance(pid))) {
        inspect(pid);
        read = 0;
      }
    }
  }

  function inspect(pid: number): void {
    uncounted.delete(pid);
    const facts = kept.facts(pid);
    if (facts === null) return;
    const finding = proofOf(facts, context);
    const process = readProven(facts, table, finding);
    if (process !== null) population.meet(pid);
    if (population.knows(pid)) return;
    const parent = kept.facts(facts.parentPid);
    const gap =
      process === null ? explain(facts, parent, finding, context) : explainRoots(process, parent);
    if (gap !== null) know([{ process: facts, gap }]);
  }

  function know(found: readonly Uncounted[]): void {
    for (const each of found) {
      const alike = [...uncounted.values()].filter(({ gap }) => gap.cause === each.gap.cause);
      if (alike.length < mostOfACause) uncounted.set(each.process.pid, each);
    }
  }

  return {
    know,
    gaps: async (owners) => {
      const concerned = [...uncounted.values()].filter(
        ({ process, gap }) =>
          !population.knows(process.pid) && (owners?.has(gap.ownerUid ?? 0) ?? true),
      );
      if (concerned.length === 0) return [];
      const living = await table.living(concerned.map(({ process }) => process));
      return concerned.flatMap(({ process, gap }) => (living.has(process.pid) ? gap : []));
    },
    begin: () => {
      if (isSearching || performance.now() - searchedAt < intervalMs) return;
      searchedAt = performance.now();
      isSearching = true;
      // What goes wrong here goes wrong in the next look too, and is told there.
      search()
        .catch(() => {})
        .finally(() => {
          isSearching = false;
        });
    },
  };
}

/** A master can have any name, so all that may be root's are read. */
function isWorthReading(glance: Glance | null): boolean {
  if (glance === null) return false;
  const { executablePath, mayBeRoots } = glance;
  return mayBeRoots || executablePath === null || isPureFtpdPath(executablePath);
}

/**
 * Says of each listing which pids' turn it is: the newcomers', and some of the others'. Those of the
 * first listing are no newcomers: the plain look, which found the first master, has gone through all.
 */
export function createTurns(): (pids: readonly number[]) => number[] {
  let readings: ReadonlyMap<number, number> | null = null;
  let lastOther = 0;
  return (pids) => {
    readings ??= new Map(pids.map((pid) => [pid, readingsWhenNew]));
    const before = readings;
    const isNew = (pid: number) => (before.get(pid) ?? 0) < readingsWhenNew;
    const newcomers = pids.filter(isNew);
    const others = pids.filter((pid) => !isNew(pid)).sort((a, b) => a - b);
    const from = others.findIndex((pid) => pid > lastOther);
    const inTurn = [...others.slice(Math.max(from, 0)), ...others.slice(0, Math.max(from, 0))];
    const count = Math.max(fewestOthers, Math.ceil(others.length / listingsForAll));
    const some = inTurn.slice(0, count);
    lastOther = some.at(-1) ?? 0;
    readings = new Map(
      pids.map((pid) => [pid, Math.min((before.get(pid) ?? 0) + 1, readingsWhenNew)]),
    );
    return [...newcomers, ...some];
  };
}
