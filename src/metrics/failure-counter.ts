import { daemonDescriptions } from '../daemons/descriptions.ts';
import type { Snapshot } from '../sessions/session.ts';

/** How often the driver of a daemon has failed or was late, by the daemon's name. */
export interface FailureCounts {
  /** Takes any snapshot; several of one scan count once. */
  add(snapshot: Pick<Snapshot, 'scanNumber' | 'gaps'>): void;
  readonly counts: ReadonlyMap<string, number>;
}

export function createFailureCounts(): FailureCounts {
  const counts = new Map(daemonDescriptions.map(({ name }) => [name, 0]));
  let scans = 0;
  return {
    counts,
    add: ({ scanNumber, gaps }) => {
      if (scanNumber <= scans) return;
      scans = scanNumber;
      for (const { cause, daemon } of gaps) {
        if (cause !== 'daemon-failed' || daemon === undefined) continue;
        counts.set(daemon, (counts.get(daemon) ?? 0) + 1);
      }
    },
  };
}
