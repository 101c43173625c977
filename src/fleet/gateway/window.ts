/** Lets so much be under way at a time. */
export interface Window {
  /**
   * Calls when there is room for one more that is expected to bring so many bytes, at once or later. What it
   * calls with is to be handed to `leave`, once. While one of a host has given its room to others, none of the same
   * host takes any: however many ask it, it keeps others waiting once.
   */
  enter(bytes: number, onIn: (seat: Seat) => void, host?: string): void;
  leave(seat: Seat): void;
}

/** A place in the window. */
export interface Seat {
  readonly bytes: number;
  readonly host: string | undefined;
  /** performance.now() when it was taken. */
  readonly since: number;
  /** It has given its room to others, and may still bring what it is expected to. */
  isOverdue: boolean;
}

/** How long the window waits for one that keeps others from being let in. */
export interface Patience {
  readonly ms: number;
  /**
   * Where those that were not waited for longer may still bring as much, no other is left. The last of them may go
   * beyond it: else one that may bring much, by its own word, would keep all places while any other is late.
   */
  readonly maxBytes: number;
}

/**
 * Once it is full, a quarter of it has to be free before more are let in. None has to where nobody's room is given to
 * others: a few that hang would keep them all waiting beside empty places.
 */
const batchShare = 1 / 4;

/**
 * Room for so many and for so many bytes at a time, given in the order of asking. One that is expected to
 * bring more than all of it goes alone. Where many wait they are let in some at a time: what one of them
 * sends is a write to the socket, and what 50 of them send together is one, too. One timer serves all of them.
 */
export function createWindow(maxCount: number, maxBytes: number, patience?: Patience): Window {
  const batch = patience === undefined ? 1 : Math.max(1, Math.floor(maxCount * batchShare));
  let count = 0;
  let total = 0;
  let overdue = 0;
  const waiting: (Pick<Seat, 'bytes' | 'host'> & { readonly onIn: (seat: Seat) => void })[] = [];
  /** Of each host that is waited for no longer: how many have given their room away. */
  const late = new Map<string, number>();
  /** Those that are waited for, the longest first. */
  const awaited = new Set<Seat>();
  let timer: NodeJS.Timeout | null = null;
  const isLate = (host: string | undefined) => host !== undefined && late.has(host);
  const fits = ({ bytes, host }: Pick<Seat, 'bytes' | 'host'>) =>
    count === 0 || (count < maxCount && total + bytes <= maxBytes) || isLate(host);

  function countLate({ host }: Seat, change: 1 | -1): void {
    if (host === undefined) return;
    const left = (late.get(host) ?? 0) + change;
    if (left > 0) late.set(host, left);
    else late.delete(host);
  }

  function admitMore(): void {
    for (let next = waiting[0]; next !== undefined && fits(next); next = waiting[0]) {
      waiting.shift();
      const { bytes, host, onIn } = next;
      const since = performance.now();
      if (isLate(host)) {
        const seat = { bytes: 0, host, since, isOverdue: true };
        countLate(seat, 1);
        onIn(seat);
        continue;
      }
      count += 1;
      total += bytes;
      const seat = { bytes, host, since, isOverdue: false };
      if (patience !== undefined) {
        awaited.add(seat);
        timer ??= setTimeout(lookAround, patience.ms);
      }
      onIn(seat);
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
      if (overdue >= patience.maxBytes) continue;
      seat.isOverdue = true;
      overdue += seat.bytes;
      countLate(seat, 1);
      giveBack(seat);
    }
  }

  return {
    enter: (bytes, onIn, host) => {
      waiting.push({ bytes, host, onIn });
      admitMore();
    },
    leave: (seat) => {
      awaited.delete(seat);
      if (seat.isOverdue) {
        overdue -= seat.bytes;
        countLate(seat, -1);
      } else giveBack(seat);
      if (awaited.size > 0 || timer === null) return;
      clearTimeout(timer);
      timer = null;
    },
  };
}
