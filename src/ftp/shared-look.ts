/**
 * Shares looks between callers so that no caller gets one that began before it asked: whoever asks
 * during a look shares the next one. So at most one look runs at a time, whatever the number of
 * callers, and nothing is ever kept.
 */
export function shareLooks<T>(look: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  let next: Promise<T> | null = null;

  function start(): Promise<T> {
    next = null;
    running = look().finally(() => {
      running = null;
    });
    return running;
  }

  return () => {
    if (running === null && next === null) return start();
    next ??= (running as Promise<T>).then(start, start);
    return next;
  };
}
