import type { DaemonLook } from '../daemons/driver.ts';
import { shareLooks } from '../lib/coalesce.ts';
import type { FtpSession, SessionSource, Snapshot } from '../sessions/session.ts';

/**
 * The collector: the sessions of all daemons, each caller given those of its owners. It counts its
 * looks from those that others have made before it.
 */
export function createCollector(
  daemonLooks: readonly DaemonLook[],
  looksBefore = 0,
): SessionSource {
  let looks = looksBefore;
  const look = shareLooks(
    async (asked: readonly (readonly number[] | null)[]): Promise<Snapshot> => {
      const owners = union(asked);
      looks += 1;
      const lookNumber = looks;
      const begunAt = Date.now();
      const startedAt = performance.now();
      const sights = await Promise.all(daemonLooks.map((daemonLook) => daemonLook(owners)));
      return {
        begunAt,
        durationMs: performance.now() - startedAt,
        lookNumber,
        // Not by flatMap, which goes over thousands one by one.
        sessions: allOf(sights.map(({ sessions }) => sessions)).sort(byConnection),
        gaps: sights.flatMap(({ gaps }) => gaps),
        daemons: sights.flatMap(({ daemons }) => daemons),
      };
    },
  );
  return {
    snapshot: async (owners) => {
      const snapshot = await look(owners);
      return owners === null ? snapshot : restrict(snapshot, withoutRoot(owners));
    },
  };
}

/** Whoever shares a look has its owners looked at with everybody else's. */
function union(asked: readonly (readonly number[] | null)[]): ReadonlySet<number> | null {
  const owners = new Set<number>();
  for (const each of asked) {
    if (each === null) return null;
    for (const owner of withoutRoot(each)) owners.add(owner);
  }
  return owners;
}

/** Root's sessions belong to no account, whatever system user it stands for. */
export function withoutRoot(owners: readonly number[]): readonly number[] {
  return owners.filter((owner) => owner !== 0);
}

function allOf<T>(lists: readonly (readonly T[])[]): T[] {
  return ([] as T[]).concat(...lists);
}

/** A gap that concerns somebody else's sessions would tell that there are some. */
function restrict(snapshot: Snapshot, owners: readonly number[]): Snapshot {
  return {
    ...snapshot,
    sessions: snapshot.sessions.filter(({ ownerUid }) => owners.includes(ownerUid)),
    gaps: snapshot.gaps.filter(({ ownerUid }) => ownerUid === null || owners.includes(ownerUid)),
  };
}

/** Sessions whose time of connection is unknown come last. */
function byConnection(a: FtpSession, b: FtpSession): number {
  return (a.connectedAt ?? Infinity) - (b.connectedAt ?? Infinity) || a.pid - b.pid;
}
