/** Runs tasks, at most `size` of them at a time; the others wait in the order they came. */
export function createLimit(size: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running === size) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      // The place goes straight to the next one, so that a newcomer cannot take it in between.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
