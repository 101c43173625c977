import { existsSync, type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Between two tries, in ms: a file that is not what is wanted may be written to without a pause. */
const pauseMs = 100;

/**
 * Calls `onChange` after something happened to what is at a path, or to the nearest folder above it that is there, and
 * not more often than every 100 ms; without a wake-up while nothing happens. The path has to be one that root alone
 * makes. Ends with the function that is returned.
 */
export function watchForFile(path: string, onChange: () => void): () => void {
  let watcher: FSWatcher | null = null;
  let timer: NodeJS.Timeout | null = null;

  function arm(): void {
    const folder = watchNearest();
    // One that was made before the folder above it was watched makes no event any more.
    if (folder !== null && folder !== path && existsSync(folder)) later();
  }

  /** What is waited for in the folder that is watched now; null where none can be. */
  function watchNearest(): string | null {
    for (let awaited = path; awaited !== dirname(awaited); awaited = dirname(awaited)) {
      const folder = dirname(awaited);
      const names = [null, basename(awaited), basename(folder)];
      try {
        watcher = watch(folder, (_, name) => {
          if (names.includes(name)) later();
        });
        watcher.on('error', later);
        return awaited;
      } catch {
        // Not there either.
      }
    }
    return null;
  }

  function later(): void {
    watcher?.close();
    watcher = null;
    timer ??= setTimeout(() => {
      timer = null;
      // Watched before it is looked at, so that no change is between them.
      arm();
      onChange();
    }, pauseMs);
  }

  arm();
  return () => {
    watcher?.close();
    watcher = null;
    if (timer !== null) clearTimeout(timer);
  };
}
