/** Lets so much be under way at a time. */
export interface Window {
  /** Resolves when there is room for one more that is expected to bring so many bytes; then call what it gives, once. */
  enter(bytes: number): Promise<() => void>;
}

/** Once it is full, an eighth of it has to be free before more are let in. */
const batchShare = 1 / 8;

/**
 * Room for so many and for so many bytes at a time, given in the order of asking. One that is expected to
 * bring more than all of it goes alone. Where many wait they are let in some at a time: what one of them
 * sends is a write to the socket, and what 25 of them send together is one, too.
 */
export function createWindow(maxCount: number, maxBytes: number): Window {
  const batch = Math.max(1, Math.floor(maxCount * batchShare));
  let count = 0;
  let total = 0;
  const waiting: { readonly bytes: number; readonly admit: () => void }[] = [];
  const fits = (bytes: number) => count === 0 || (count < maxCount && total + bytes <= maxBytes);

  function admitMore(): void {
    for (let next = waiting[0]; next !== undefined && fits(next.bytes); next = waiting[0]) {
      waiting.shift();
      next.admit();
    }
  }

  return {
    enter: (bytes) =>
      new Promise((resolve) => {
        const admit = () => {
          count += 1;
          total += bytes;
          let isIn = true;
          resolve(() => {
            if (!isIn) return;
            isIn = false;
            count -= 1;
            total -= bytes;
            if (count <= maxCount - batch) admitMore();
          });
        };
        waiting.push({ bytes, admit });
        admitMore();
      }),
  };
}
