const firstPauseMs = 100;
const maxPauseMs = 10_000;
/** A process that has run so long begins with the first pause again. */
const steadyMs = 60_000;

/**
 * How many milliseconds to wait before the next start of something that ended by itself after
 * `ranMs`: twice as long each time, up to ten seconds.
 */
export function createBackoff(): (ranMs: number) => number {
  let nextMs = firstPauseMs;
  return (ranMs) => {
    const pauseMs = ranMs > steadyMs ? firstPauseMs : nextMs;
    nextMs = Math.min(pauseMs * 2, maxPauseMs);
    return pauseMs;
  };
}
