import type { Snapshot } from '../../sessions/session.ts';

/** What is made of scans, so that callers who share a scan share all that is made of it. */
export interface PerSnapshot<Made> {
  /**
   * What `make` makes of a snapshot, once. `scope` names whose sessions it has; `previous` is what was
   * made of the one before for the same.
   */
  of(scope: string, snapshot: Snapshot, make: (previous: Made | undefined) => Made): Made;
}

/** What was made of a scan that is older is of no use to the next one. */
const maxAgeMs = 60_000;
/** The one that was asked for longest ago is forgotten first. */
const maxScopes = 256;

/** Keeps what was made of the newest scan at each scope, for a while. */
export function createPerSnapshot<Made>(): PerSnapshot<Made> {
  const newest = new Map<string, { readonly snapshot: Snapshot; readonly made: Made }>();

  function forgetSome(now: number): void {
    for (const [scope, { snapshot }] of newest) {
      if (newest.size <= maxScopes && now - snapshot.begunAt <= maxAgeMs) return;
      newest.delete(scope);
    }
  }

  return {
    of: (scope, snapshot, make) => {
      const before = newest.get(scope);
      if (before?.snapshot === snapshot) return before.made;
      const made = make(before?.made);
      newest.delete(scope);
      newest.set(scope, { snapshot, made });
      forgetSome(snapshot.begunAt);
      return made;
    },
  };
}
