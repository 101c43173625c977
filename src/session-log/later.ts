/** Work that may wait until all events that came at one go are taken. */
export interface Later {
  add(work: () => void): void;
  /** Does all of it now. */
  finish(): void;
}

/**
 * Does work in its order, once the events are taken that came with the one that wants it. What a record says is
 * lost in milliseconds; what a session's process holds open, and what it has transferred, take longer to find out.
 */
export function createLater(): Later {
  const waiting: (() => void)[] = [];

  function finish(): void {
    for (const work of waiting.splice(0)) work();
  }

  return {
    add(work) {
      if (waiting.length === 0) setImmediate(finish);
      waiting.push(work);
    },
    finish,
  };
}
