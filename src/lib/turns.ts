/** Lets what is done under one key be done one after the other. */
export interface Turns {
  /** What `work` resolves to, after all that came before under that key; null when too many wait. */
  take<T>(key: string, work: () => Promise<T>): Promise<T> | null;
}

/** So many at most wait under one key, the one that works among them. */
export function createTurns(maxWaiting: number): Turns {
  const lines = new Map<string, { count: number; last: Promise<unknown> }>();
  return {
    take: (key, work) => {
      const line = lines.get(key) ?? { count: 0, last: Promise.resolve() };
      if (line.count >= maxWaiting) return null;
      lines.set(key, line);
      line.count += 1;
      const result = line.last.then(work, work);
      line.last = result
        .catch(() => {})
        .finally(() => {
          line.count -= 1;
          if (line.count === 0) lines.delete(key);
        });
      return result;
    },
  };
}
