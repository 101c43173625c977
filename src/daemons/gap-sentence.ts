/** A sentence for so many gaps of one cause. `pids` and `names`, of daemons or of system users, are those that the gaps name. */
export type GapSentence = (
  count: number,
  pids: readonly number[],
  names: readonly string[],
) => string;

/** "one session" or "3 sessions". */
export function countSessions(count: number): string {
  return count === 1 ? 'one session' : `${count} sessions`;
}
