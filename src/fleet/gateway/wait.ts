import type { WaitSignal } from '../transport/transport.ts';

/** A wait for one answer. */
export interface Wait {
  readonly signal: WaitSignal;
  /** Stops the clock: the answer is there. */
  stop(): void;
}

/**
 * Ends after so many ms. An AbortController does that too, and is a good part of what asking a host costs where
 * a thousand are asked at once.
 */
export function startWait(ms: number): Wait {
  let isOver = false;
  let onEnd: (() => void) | null = null;
  const timer = setTimeout(() => {
    isOver = true;
    onEnd?.();
  }, ms);
  return {
    signal: {
      get aborted() {
        return isOver;
      },
      addEventListener: (_type, listener) => {
        onEnd = listener;
      },
      removeEventListener: (_type, listener) => {
        if (onEnd === listener) onEnd = null;
      },
    },
    stop: () => clearTimeout(timer),
  };
}
