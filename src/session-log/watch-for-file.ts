import { existsSync, type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Between two tries, in ms: a file that is not what is wanted may be written to without a pause. */
const pauseMs = 100;
/** And where the kernel does not let it be watched, as when there are too many watches, in ms. */
const refusedPauseMs = 30_000;

/**
 * Calls `onChange` after something happened to what is at a path, or to the nearest folder above it that is there, and
 * not more often than every 100 ms; without a wake-up while nothing happens. The path has to be one that root alone
 * makes. Ends with the function that is returned.
 */
export function watchForFile(path: string, onChange: () => void): () => void {
  let watcher: FSWatcher | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isSlow = false;

  function arm(): void {
    const { awaited, isRefused } = watchNearest();
    if (isRefused) later(refusedPauseMs);
    // One that was made before the folder above it was watched makes no event any more.
    else if (awaited !== path && existsSync(awaited)) later();
  }

  /** What is waited for in the folder that is watched now, and whether one that is there could not be. */
  function watchNearest(): { readonly awaited: string; readonly isRefused: boolean } {
    let isRefused = false;
    let awaited = path;
    for (; awaited !== dirname(awaited); awaited = dirname(awaited)) {
      const folder = dirname(awaited);
      const names = [null, basename(awaited), basename(folder)];
      try {
        watcher = watch(folder, (_, name) => {
          if (names.includes(name)) later();
        });
        watcher.on('error', () => later(refusedPauseMs));
        return { awaited, isRefused };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') isRefused = true;
      }
    }
    return { awaited, isRefused: true };
  }

  function later(ms = pauseMs): void {
    watcher?.close();
    watcher = null;
    if (timer !== null && !(isSlow && ms === pauseMs)) return;
    if (timer !== null) clearTimeout(timer);
    isSlow = ms !== pauseMs;
    timer = setTimeout(() => {
      timer = null;
      // Watched before it is looked at, so that no change is between them.
      arm();
      onChange();
    }, ms);
  }

  arm();
  return () => {
    watcher?.close();
    watcher = null;
    if (timer !== null) clearTimeout(timer);
  };
}
