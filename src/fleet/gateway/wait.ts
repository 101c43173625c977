import type { WaitListener, WaitSignal } from '../transport/transport.ts';

/** No host answers within less, in ms. */
export const minWaitMs = 10;

/** A wait for answers. */
export interface Wait {
  readonly signal: WaitSignal;
  /** Stops the clock: the answers are there. */
  stop(): void;
}

/**
 * Ends after so many ms, for all who wait. An AbortController does that too, and is a good part of what asking a host
 * costs where a thousand are asked at once.
 */
export function startWait(ms: number): Wait {
  let isOver = false;
  const listeners = new Set<WaitListener>();
  const timer = setTimeout(() => {
    isOver = true;
    for (const listener of listeners) listener.handleEvent();
    listeners.clear();
  }, ms);
  return {
    signal: {
      get aborted() {
        return isOver;
      },
      addEventListener: (_type, listener) => {
        listeners.add(listener);
      },
      removeEventListener: (_type, listener) => {
        listeners.delete(listener);
      },
    },
    stop: () => clearTimeout(timer),
  };
}
