import { setImmediate } from 'node:timers/promises';
import type { KeptTable } from '../../processes/process-table.ts';
import type { Population } from './population.ts';
import { openScoreboard } from './scoreboard.ts';
import { isPureFtpdPath } from './title.ts';

/** Searched this often at most, and only while somebody asks for sessions. */
const intervalMs = 1000;
/** Looks come between after so many processes. */
const step = 200;

/**
 * Finds masters that the known ones and the scoreboard do not lead to: one that was started since,
 * and whose sessions keep no records. It goes through the whole process table, so it runs beside
 * the looks and not in them.
 */
export function createSearch(
  table: KeptTable,
  population: Population,
  scoreboardDirectories: readonly string[],
): () => void {
  let searchedAt = -Infinity;

  async function search(): Promise<void> {
    const pids = table.pids().filter((pid) => !population.knows(pid));
    for (const [index, pid] of pids.entries()) {
      if (index % step === 0) await setImmediate();
      const path = table.executablePath(pid);
      if (path == null || !isPureFtpdPath(path)) continue;
      population.meet(pid, openScoreboard(scoreboardDirectories));
    }
  }

  return () => {
    if (performance.now() - searchedAt < intervalMs) return;
    searchedAt = performance.now();
    // What goes wrong here goes wrong in the next look too, and is told there.
    search().catch(() => {});
  };
}
