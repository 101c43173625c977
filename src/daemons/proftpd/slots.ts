import type { ScoreboardEntry } from './scoreboard-entry.ts';
import { type ReadAt, readEntry, readSlots, type Slot } from './scoreboard-file.ts';

/** An entry that was read, and where it stands. */
export interface FoundEntry {
  readonly entry: ScoreboardEntry;
  /** False when it may have been read in the midst of a write. */
  readonly isSettled: boolean;
  readonly slot: Slot;
}

/** Why there is none. "unreadable": what is there just now is no entry. */
export type NotFound = 'missing' | 'unreadable' | 'layout-unknown';

/** Of each scoreboard where the entries were at the last reading of all; by its name, the oldest first. */
const remembered = new Map<string, ReadonlyMap<number, Slot>>();
const maxRemembered = 64;

/**
 * Finds the entry of a pid in a scoreboard, first in the slot where it was, then in all of the file.
 * `name` tells scoreboards apart; `isIts` tells of an entry whether it may be that very process', and
 * `isSurelyIts` whether it cannot be one that a process before with its pid has left behind: of two in all of the
 * file the later one counts.
 */
export function findEntry(
  read: ReadAt,
  name: string,
  pid: number,
  isIts: (entry: ScoreboardEntry) => boolean,
  isSurelyIts: (entry: ScoreboardEntry) => boolean = isIts,
): FoundEntry | NotFound {
  const before = remembered.get(name);
  const found = before === undefined ? 'missing' : entryIn(before, read, pid, isSurelyIts);
  if (found !== 'missing') return found;
  const slots = readSlots(read);
  if (slots === null) return 'layout-unknown';
  remember(name, slots);
  return entryIn(slots, read, pid, isIts);
}

function entryIn(
  slots: ReadonlyMap<number, Slot>,
  read: ReadAt,
  pid: number,
  isIts: (entry: ScoreboardEntry) => boolean,
): FoundEntry | 'missing' | 'unreadable' {
  const slot = slots.get(pid);
  if (slot === undefined) return 'missing';
  const reading = readEntry(read, pid, slot);
  if (reading === 'torn') return 'unreadable';
  return reading !== 'other' && isIts(reading.entry) ? { ...reading, slot } : 'missing';
}

function remember(name: string, slots: ReadonlyMap<number, Slot>): void {
  remembered.delete(name);
  remembered.set(name, slots);
  for (const oldest of remembered.keys()) {
    if (remembered.size <= maxRemembered) return;
    remembered.delete(oldest);
  }
}
