import { setTimeout } from 'node:timers/promises';
import type { KeptTable } from '../../processes/process-table.ts';
import type { Population } from './population.ts';
import { isPureFtpdPath } from './title.ts';

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
 * Finds masters that the known ones and the scoreboard do not lead to: one that was started since,
 * and whose sessions keep no records. It goes through the whole process table, so it runs beside
 * the looks and not in them.
 */
export function createSearch(table: KeptTable, population: Population): () => void {
  let searchedAt = -Infinity;
  let isSearching = false;
  const turns = createTurns();

  async function search(): Promise<void> {
    // Not while the look runs that it was begun by.
    await setTimeout(delayMs, undefined, { ref: false });
    const pids = turns(await table.pidsBeside());
    for (const [index, pid] of pids.entries()) {
      if (index % step === 0) await setTimeout(pauseMs, undefined, { ref: false });
      if (population.knows(pid)) continue;
      const path = table.executablePath(pid);
      if (path == null || !isPureFtpdPath(path)) continue;
      population.meet(pid);
    }
  }

  return () => {
    if (isSearching || performance.now() - searchedAt < intervalMs) return;
    searchedAt = performance.now();
    isSearching = true;
    // What goes wrong here goes wrong in the next look too, and is told there.
    search()
      .catch(() => {})
      .finally(() => {
        isSearching = false;
      });
  };
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
