/** Records by key, each until a time of its own, at most so many. */
export interface ThrottleTable<R> {
  /** The record, unless its time is over. */
  get(key: string): R | undefined;
  /** Enters a record or replaces it; when the table is full, the one that would expire first goes. */
  set(key: string, record: R, expiresAt: number): void;
  delete(key: string): void;
  readonly size: number;
}

interface Entry<R> {
  readonly key: string;
  record: R;
  expiresAt: number;
  /** Where it is in the heap. */
  place: number;
}

/**
 * Times are in milliseconds from any beginning. A binary heap by expiry beside the map: every
 * operation costs at most the logarithm of the size, a flood of strangers makes nothing slower.
 */
export function createThrottleTable<R>(maxRecords: number, now: () => number): ThrottleTable<R> {
  const entries = new Map<string, Entry<R>>();
  const heap: Entry<R>[] = [];

  function put(entry: Entry<R>, place: number): void {
    heap[place] = entry;
    entry.place = place;
  }

  /** Moves an entry from where it is to where its expiry belongs. */
  function restoreOrder(entry: Entry<R>): void {
    let place = entry.place;
    for (;;) {
      const parent = heap[(place - 1) >> 1];
      if (place === 0 || parent === undefined || parent.expiresAt <= entry.expiresAt) break;
      const free = parent.place;
      put(parent, place);
      place = free;
    }
    for (;;) {
      const [left, right] = [heap[2 * place + 1], heap[2 * place + 2]];
      const child = right !== undefined && left && right.expiresAt < left.expiresAt ? right : left;
      if (child === undefined || child.expiresAt >= entry.expiresAt) break;
      const free = child.place;
      put(child, place);
      place = free;
    }
    put(entry, place);
  }

  function remove(entry: Entry<R>): void {
    entries.delete(entry.key);
    const last = heap.pop();
    if (last === undefined || last === entry) return;
    last.place = entry.place;
    restoreOrder(last);
  }

  function dropExpired(): void {
    for (let first = heap[0]; first !== undefined && first.expiresAt <= now(); first = heap[0]) {
      remove(first);
    }
  }

  return {
    get(key) {
      const entry = entries.get(key);
      return entry !== undefined && entry.expiresAt > now() ? entry.record : undefined;
    },

    set(key, record, expiresAt) {
      const known = entries.get(key);
      if (known !== undefined) {
        known.record = record;
        known.expiresAt = expiresAt;
        restoreOrder(known);
        return;
      }
      dropExpired();
      const first = heap[0];
      if (heap.length >= maxRecords && first !== undefined) remove(first);
      const entry = { key, record, expiresAt, place: heap.length };
      entries.set(key, entry);
      heap.push(entry);
      restoreOrder(entry);
    },

    delete(key) {
      const entry = entries.get(key);
      if (entry !== undefined) remove(entry);
    },

    get size() {
      return entries.size;
    },
  };
}
