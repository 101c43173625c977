import { readdirSync, statSync } from 'node:fs';

/**
 * How coarse a directory's time of change may be: a change within so many milliseconds of the last
 * one need not show in it. The kernel's clock for this ticks every 1 to 10 ms.
 */
const clockTickMs = 20;

/** In a longer list most are rubbish, and looking for each of their processes takes seconds. */
const longList = 1000;

/**
 * Tells which pids have an entry in the first of these directories that exists; of very many only
 * those that there are, which `living` gives. The directory is listed again only after it changed.
 */
export function createScoreboardPids(
  directories: readonly string[],
): (living: () => readonly number[]) => readonly number[] {
  let seen = '';
  let pids: readonly number[] = [];
  return (living) => {
    for (const directory of directories) {
      try {
        const { ino, mtimeMs, ctimeMs } = statSync(directory);
        const version = `${directory} ${ino} ${mtimeMs} ${ctimeMs}`;
        if (version === seen) return pids;
        pids = list(directory);
        if (pids.length > longList) {
          const alive = new Set(living());
          pids = pids.filter((pid) => alive.has(pid));
        }
        seen = Date.now() - Math.max(mtimeMs, ctimeMs) > clockTickMs ? version : '';
        return pids;
      } catch {
        // Not there, or not to be read: then the entries say so one by one.
      }
    }
    return none;
  };
}

const none: readonly number[] = [];

function list(directory: string): number[] {
  return readdirSync(directory).flatMap((name) => {
    const digits = /^client-(\d{8,10})$/.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
}
