import { setImmediate } from 'node:timers/promises';
import type { ProcessTable } from '../os/processes/process-table.ts';
import { localHost, type SessionIdentity } from '../sessions/identity.ts';
import type { FtpSession, SessionSource } from '../sessions/session.ts';

/** A source that remembers which sessions it has shown. */
export interface IssuedSource {
  readonly sessions: SessionSource;
  /** True for every session that was shown and has not ended. */
  wasListed(identity: SessionIdentity): boolean;
}

/** Those that have ended are looked for when there are twice as many as after the last time. */
const firstLimit = 4096;
/** Scans come between after so many processes. */
const step = 256;

/** Remembers what a source shows: one entry a pid, and the ended ones only for a while. */
export function trackIssued(
  source: SessionSource,
  table: Pick<ProcessTable, 'living'>,
): IssuedSource {
  const startTimes = new Map<number, string>();
  let last: readonly FtpSession[] = [];
  let limit = firstLimit;
  let isForgetting = false;

  function record(sessions: readonly FtpSession[]): void {
    for (const [index, session] of sessions.entries()) {
      // Most are in their place of the last time, and known from there.
      if (session !== last[index]) startTimes.set(session.pid, session.startTime);
    }
    last = sessions;
    if (startTimes.size < limit || isForgetting) return;
    isForgetting = true;
    // One that fails is made up for by the next.
    forgetEnded()
      .then((left) => {
        limit = Math.max(firstLimit, left * 2);
      })
      .catch(() => {})
      .finally(() => {
        isForgetting = false;
      });
  }

  /** Resolves to how many of those that were there at its beginning are left. */
  async function forgetEnded(): Promise<number> {
    let left = 0;
    const all = [...startTimes].map(([pid, startTime]) => ({ pid, startTime }));
    for (let from = 0; from < all.length; from += step) {
      const some = all.slice(from, from + step);
      const living = await table.living(some);
      left += living.size;
      for (const { pid, startTime } of some) {
        if (!living.has(pid) && startTimes.get(pid) === startTime) startTimes.delete(pid);
      }
      await setImmediate();
    }
    return left;
  }

  return {
    sessions: {
      snapshot: async (scope, wants) => {
        const snapshot = await source.snapshot(scope, wants);
        record(snapshot.sessions);
        return snapshot;
      },
    },
    wasListed: ({ host, pid, startTime }) =>
      host === localHost && startTimes.get(pid) === startTime,
  };
}
