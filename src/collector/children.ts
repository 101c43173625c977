/** What became of a process' children between two readings of their list. */
export interface Changes {
  /** Pids that are children now and were not, or were another process'. */
  readonly added: readonly number[];
  /** Pids that are no longer in the list: ended, or hidden from this reading by one that did. */
  readonly removed: readonly number[];
}

/**
 * Compares two readings of a list of children. The kernel adds a child at the list's end, so a pid
 * that was used again has moved behind every child that has been there all the time: what stands
 * before the last of these has been there too. `isStill` tells of a pid whether the process that had
 * it is still there.
 */
export function compareChildren(
  before: readonly number[],
  now: readonly number[],
  isStill: (pid: number) => boolean,
): Changes {
  let stayed = 0;
  let from = 0;
  while (stayed < now.length) {
    const at = before.indexOf(now[stayed] ?? 0, from);
    if (at < 0) break;
    from = at + 1;
    stayed += 1;
  }
  while (stayed > 0 && !isStill(now[stayed - 1] ?? 0)) stayed -= 1;
  if (stayed === now.length && stayed === before.length) return { added: [], removed: [] };
  const staying = new Set(now.slice(0, stayed));
  return { added: now.slice(stayed), removed: before.filter((pid) => !staying.has(pid)) };
}
