/** Lets so much be under way at a time. */
export interface Window {
  /**
   * Calls when there is room for one more that is expected to bring so many bytes, at once or later. What it
   * calls with is to be handed to `leave`, once.
   */
  enter(bytes: number, onIn: (seat: Seat) => void): void;
  leave(seat: Seat): void;
}

/** A place in the window. */
export interface Seat {
  readonly bytes: number;
  /** performance.now() when it was taken. */
  readonly since: number;
  /** It has given its room to others, and may still bring what it is expected to. */
  isOverdue: boolean;
}

/** How long the window waits for one that keeps others from being let in. */
export interface Patience {
  readonly ms: number;
  /** What those may still bring that were not waited for longer. */
  readonly maxBytes: number;
}

/** Once it is full, a quarter of it has to be free before more are let in. */
const batchShare = 1 / 4;

/**
 * Room for so many and for so many bytes at a time, given in the order of asking. One that is expected to
 * bring more than all of it goes alone. Where many wait they are let in some at a time: what one of them
 * sends is a write to the socket, and what 50 of them send together is one, too. One timer for all of them, since
 * a timer each was a twentieth of what a gateway does.
 */
export function createWindow(maxCount: number, maxBytes: number, patience?: Patience): Window {
  const batch = Math.max(1, Math.floor(maxCount * batchShare));
  let count = 0;
  let total = 0;
  let overdue = 0;
  const waiting: { readonly bytes: number; readonly onIn: (seat: Seat) => void }[] = [];
  /** Those that are waited for, the longest first. */
  const awaited = new Set<Seat>();
  let timer: NodeJS.Timeout | null = null;
  const fits = (bytes: number) => count === 0 || (count < maxCount && total + bytes <= maxBytes);

  function admitMore(): void {
    for (let next = waiting[0]; next !== undefined && fits(next.bytes); next = waiting[0]) {
      waiting.shift();
      count += 1;
      total += next.bytes;
      const seat = { bytes: next.bytes, since: performance.now(), isOverdue: false };
      if (patience !== undefined) {
        awaited.add(seat);
        timer ??= setTimeout(lookAround, patience.ms);
      }
      next.onIn(seat);
    }
  }

  function giveBack({ bytes }: Seat): void {
    count -= 1;
    total -= bytes;
    if (count <= maxCount - batch) admitMore();
  }

  /** Waits no longer for those that have had their time, as long as what they may bring is not too much. */
  function lookAround(): void {
    timer = null;
    if (patience === undefined) return;
    for (const seat of awaited) {
      const leftMs = seat.since + patience.ms - performance.now();
      if (leftMs > 0) {
        timer ??= setTimeout(lookAround, leftMs);
        return;
      }
      awaited.delete(seat);
      if (overdue + seat.bytes > patience.maxBytes) continue;
      seat.isOverdue = true;
      overdue += seat.bytes;
      giveBack(seat);
    }
  }

  return {
    enter: (bytes, onIn) => {
      waiting.push({ bytes, onIn });
      admitMore();
    },
    leave: (seat) => {
      awaited.delete(seat);
      if (seat.isOverdue) overdue -= seat.bytes;
      else giveBack(seat);
      if (awaited.size > 0 || timer === null) return;
      clearTimeout(timer);
      timer = null;
    },
  };
}
