import type { FtpSession, SessionSource, Snapshot } from './session.ts';
import { shareLooks } from './shared-look.ts';

/** What a look at one kind of daemon saw. */
export type DaemonSight = Omit<Snapshot, 'begunAt'>;

/** A look at one kind of FTP daemon. Rejects only when looking itself failed. */
export type DaemonLook = () => Promise<DaemonSight>;

/** The collector: everybody's sessions of all daemons, each caller given what its owner may see. */
export function createCollector(daemonLooks: readonly DaemonLook[]): SessionSource {
  const look = shareLooks(async (): Promise<Snapshot> => {
    const begunAt = Date.now();
    const sights = await Promise.all(daemonLooks.map((daemonLook) => daemonLook()));
    return {
      begunAt,
      sessions: sights.flatMap(({ sessions }) => sessions).sort(byConnection),
      gaps: sights.flatMap(({ gaps }) => gaps),
      daemons: sights.flatMap(({ daemons }) => daemons),
    };
  });
  return {
    snapshot: async (owner) => {
      const snapshot = await look();
      return owner === null ? snapshot : restrict(snapshot, owner);
    },
  };
}

/** A gap that concerns somebody else's sessions would tell that there are some. */
function restrict(snapshot: Snapshot, owner: number): Snapshot {
  return {
    ...snapshot,
    sessions: snapshot.sessions.filter(({ ownerUid }) => ownerUid === owner),
    gaps: snapshot.gaps.filter(({ ownerUid }) => ownerUid === null || ownerUid === owner),
  };
}

/** Sessions whose time of connection is unknown come last. */
function byConnection(a: FtpSession, b: FtpSession): number {
  return (a.connectedAt ?? Infinity) - (b.connectedAt ?? Infinity) || a.pid - b.pid;
}
