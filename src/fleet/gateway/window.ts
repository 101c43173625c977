/** Lets so much be under way at a time. */
export interface Window {
  /**
   * Calls when there is room for one more that is expected to bring so many bytes, at once or later. What it
   * calls with gives the room back.
   */
  enter(bytes: number, onIn: (leave: () => void) => void): void;
}

/** Once it is full, a quarter of it has to be free before more are let in. */
const batchShare = 1 / 4;

/**
 * Room for so many and for so many bytes at a time, given in the order of asking. One that is expected to
 * bring more than all of it goes alone. Where many wait they are let in some at a time: what one of them
 * sends is a write to the socket, and what 50 of them send together is one, too.
 */
export function createWindow(maxCount: number, maxBytes: number): Window {
  const batch = Math.max(1, Math.floor(maxCount * batchShare));
  let count = 0;
  let total = 0;
  const waiting: { readonly bytes: number; readonly onIn: (leave: () => void) => void }[] = [];
  const fits = (bytes: number) => count === 0 || (count < maxCount && total + bytes <= maxBytes);

  function admitMore(): void {
    for (let next = waiting[0]; next !== undefined && fits(next.bytes); next = waiting[0]) {
      waiting.shift();
      count += 1;
      total += next.bytes;
      next.onIn(leaving(next.bytes));
    }
  }

  /** Gives the room back, once. */
  function leaving(bytes: number): () => void {
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      count -= 1;
      total -= bytes;
      if (count <= maxCount - batch) admitMore();
    };
  }

  return {
    enter: (bytes, onIn) => {
      waiting.push({ bytes, onIn });
      admitMore();
    },
  };
}
