/** What readings of a session's process have told of its owner so far; all times in ms of a clock that goes on. */
export interface OwnerWatch {
  /** When its login was read first. */
  readonly since: number;
  /** The last uid that was not root's, and since when it is the same. */
  readonly uid: number | null;
  readonly uidSince: number;
  /** Whose the session is; null while that is not certain. */
  readonly owner: number | null;
  /** It was not to be had for so long that it is not asked for any more. */
  readonly isGivenUp: boolean;
}

export interface OwnerReading {
  /** The effective uid of the process; null where it could not be read. */
  readonly uid: number | null;
  /** Whether that uid cannot be the daemon's own any more. */
  readonly isOwn: boolean;
}

/** So long the uid of a process may still be its daemon's own after the login is recorded. */
export const settlingMs = 2_000;

/**
 * The owner of a session after one more reading. A daemon takes root's rights back now and then, for a moment, and
 * records a login before it gives up its own uid: so a uid is believed at once only where it cannot be the daemon's,
 * and otherwise when it has lasted; root's when there was no other for twice as long. One that cannot be read, or
 * changes again and again, is given up after three times as long.
 */
export function watchOwner(
  before: OwnerWatch | null,
  { uid: now, isOwn }: OwnerReading,
  time: number,
): OwnerWatch {
  const since = before?.since ?? time;
  const uid = now === null || now === 0 ? (before?.uid ?? null) : now;
  const uidSince = before !== null && before.uid === uid ? before.uidSince : time;
  const hasLasted = uid === null ? time - since > 2 * settlingMs : time - uidSince > settlingMs;
  const lasting = !hasLasted ? null : uid === null ? now : uid;
  const owner = isOwn ? now : (before?.owner ?? lasting);
  const isGivenUp = owner === null && time - since > 3 * settlingMs;
  return { since, uid, uidSince, owner, isGivenUp };
}
