import { setTimeout as sleep } from 'node:timers/promises';

/** A listener that is called once a beat. */
export interface Listener<Shared> {
  /** Gets what all listeners of the same moment share. Never rejects. */
  beat(shared: Shared): Promise<void>;
  /** The server stops. */
  end(): void;
}

export interface Ticker<Shared> {
  /** Tells the listener now and then once a beat. Returns how to stop listening. */
  add(listener: Listener<Shared>): () => void;
  /** Ends all listeners, and those that still come. */
  end(): void;
}

/**
 * One beat for all listeners, so that what they ask for at the same moment is looked up once. The
 * pause begins when everybody has been told; while nobody listens nothing runs. `pauseAfter` tells how
 * long it is, in ms, after a beat that took so long. `prepare` makes what all share, before each beat;
 * where it fails the beat is left out.
 */
export function createTicker<Shared>(
  pauseAfter: (beatMs: number) => number,
  prepare: () => Promise<Shared>,
): Ticker<Shared> {
  const listeners = new Set<Listener<Shared>>();
  let isBeating = false;
  let isOver = false;

  async function notify(some: Iterable<Listener<Shared>>): Promise<void> {
    let shared: Shared;
    try {
      shared = await prepare();
    } catch {
      return;
    }
    await Promise.all([...some].map((listener) => listener.beat(shared)));
  }

  async function beat(): Promise<void> {
    isBeating = true;
    let beatMs = 0;
    while (listeners.size > 0) {
      // The pause keeps no process from ending.
      await sleep(pauseAfter(beatMs), undefined, { ref: false });
      const begun = performance.now();
      if (listeners.size > 0) await notify(listeners);
      beatMs = performance.now() - begun;
    }
    isBeating = false;
  }

  return {
    add: (listener) => {
      if (isOver) {
        listener.end();
        return () => {};
      }
      listeners.add(listener);
      void notify([listener]);
      if (!isBeating) void beat();
      return () => listeners.delete(listener);
    },
    end: () => {
      isOver = true;
      for (const listener of listeners) listener.end();
    },
  };
}
