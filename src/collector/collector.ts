import { coalesce } from '../lib/coalesce.ts';
import type { FtpSession, SessionSource, Snapshot } from '../sessions/session.ts';
import type { Found } from './daemon-scan.ts';
import { type Owners, withoutRoot } from './owners.ts';

/**
 * The collector: the sessions of all daemons, each caller given those of its owners. It counts its
 * scans from those that others have made before it. `scan` finds what these owners may see, and may
 * find more; when it rejects, so do all who share it.
 */
export function createCollector(
  scan: (owners: Owners) => Promise<Found>,
  scansBefore = 0,
): SessionSource {
  let scans = scansBefore;
  const coalesced = coalesce(
    async (asked: readonly (readonly number[] | null)[]): Promise<Snapshot> => {
      const owners = union(asked);
      scans += 1;
      const scanNumber = scans;
      const begunAt = Date.now();
      const startedAt = performance.now();
      const { sessions, gaps, daemons } = await scan(owners);
      return {
        begunAt,
        durationMs: performance.now() - startedAt,
        scanNumber,
        sessions: [...sessions].sort(byConnection),
        gaps,
        daemons,
      };
    },
  );
  return {
    snapshot: async (owners) => {
      const snapshot = await coalesced(owners);
      return owners === null ? snapshot : restrict(snapshot, withoutRoot(owners));
    },
  };
}

/** The owners of all callers that share a scan. */
function union(asked: readonly (readonly number[] | null)[]): Owners {
  const owners = new Set<number>();
  for (const each of asked) {
    if (each === null) return null;
    for (const owner of withoutRoot(each)) owners.add(owner);
  }
  return owners;
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
