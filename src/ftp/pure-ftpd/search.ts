import { setTimeout } from 'node:timers/promises';
import type { KeptTable } from '../../processes/process-table.ts';
import type { Population } from './population.ts';
import { openScoreboard } from './scoreboard.ts';
import { isPureFtpdPath } from './title.ts';

/** All processes are listed this often at most, and only while somebody asks for sessions. */
const intervalMs = 1000;

const delayMs = 50;

/** So many are read, then comes a pause: a look that falls in between waits for these alone. */
const step = 4;
const pauseMs = 2;

/** Whoever becomes a daemon executes it soon after it came, so newcomers are read at so many listings. */
const readingsWhenNew = 3;
/** Of the others so many are read after each listing, by turns. */
const othersAtATime = 250;

/**
 * Finds masters that the known ones and the scoreboard do not lead to: one that was started since,
 * and whose sessions keep no records. It goes through the whole process table, so it runs beside
 * the looks and not in them, and what it costs does not grow with the number of processes that stay.
 */
export function createSearch(
  table: KeptTable,
  population: Population,
  scoreboardDirectories: readonly string[],
): () => void {
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
      population.meet(pid, openScoreboard(scoreboardDirectories));
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

/** Says of each listing which pids' turn it is: the newcomers', and some of the others'. */
export function createTurns(): (pids: readonly number[]) => number[] {
  let readings = new Map<number, number>();
  let lastOther = 0;
  return (pids) => {
    const isNew = (pid: number) => (readings.get(pid) ?? 0) < readingsWhenNew;
    const newcomers = pids.filter(isNew);
    const others = pids.filter((pid) => !isNew(pid)).sort((a, b) => a - b);
    const from = others.findIndex((pid) => pid > lastOther);
    const inTurn = [...others.slice(Math.max(from, 0)), ...others.slice(0, Math.max(from, 0))];
    const some = inTurn.slice(0, othersAtATime);
    lastOther = some.at(-1) ?? 0;
    readings = new Map(
      pids.map((pid) => [pid, Math.min((readings.get(pid) ?? 0) + 1, readingsWhenNew)]),
    );
    return [...newcomers, ...some];
  };
}
