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
/** Sessions of all scopes: a host of a fleet may say to each of its customers that he has 40,000. */
const maxKeptSessions = 200_000;

/** Keeps what was made of the newest scan at each scope, for a while; the last one whatever it has. */
export function createPerSnapshot<Made>(maxSessions = maxKeptSessions): PerSnapshot<Made> {
  const newest = new Map<string, { readonly snapshot: Snapshot; readonly made: Made }>();
  let sessions = 0;

  function forget(scope: string): void {
    sessions -= newest.get(scope)?.snapshot.sessions.length ?? 0;
    newest.delete(scope);
  }

  function forgetSome(last: string, now: number): void {
    for (const [scope, { snapshot }] of newest) {
      const fits = newest.size <= maxScopes && sessions <= maxSessions;
      if (scope === last || (fits && now - snapshot.begunAt <= maxAgeMs)) return;
      forget(scope);
    }
  }

  return {
    of: (scope, snapshot, make) => {
      const before = newest.get(scope);
      if (before?.snapshot === snapshot) return before.made;
      const made = make(before?.made);
      forget(scope);
      newest.set(scope, { snapshot, made });
      sessions += snapshot.sessions.length;
      forgetSome(scope, snapshot.begunAt);
      return made;
    },
  };
}
