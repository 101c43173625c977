import { setTimeout as delay } from 'node:timers/promises';
import type { Candidate } from '../daemons/driver.ts';
import type { FtpSession, Gap, GapCause } from '../sessions/session.ts';
import { isStillSession } from './classify.ts';
import type { Daemon } from './daemon.ts';
import { hasChangedOwner } from './login.ts';
import { settledUid } from './settled-uid.ts';

/** What a candidate was observed to be; no session where it is none. */
export interface Observed {
  readonly candidate: Candidate;
  readonly session: FtpSession | null;
  readonly gaps: readonly Gap[];
}

/**
 * How long to wait before a session whose title and record contradict each other is read again, in
 * milliseconds. Between the two a daemon does a few system calls, but on a busy machine it can lose
 * the processor there.
 */
const pausesMs = [0, 1, 2, 4, 8, 16];

/**
 * Observes each candidate between two readings of its title, until all that was read agrees: then the
 * row was true in one moment. A candidate whose process ended meanwhile is left out.
 */
export async function retryUntilConsistent(
  candidates: readonly Candidate[],
  daemon: Daemon,
): Promise<Observed[]> {
  const { driver, table } = daemon;
  const observed: Observed[] = [];
  const records = daemon.records.open();
  let pending = candidates;
  for (const [round, pauseMs] of pausesMs.entries()) {
    if (pending.length === 0) break;
    if (pauseMs > 0) await delay(pauseMs);
    const readings = pending.map((candidate) => {
      const record = records.read(candidate);
      return { candidate, record, ...driver.observe(candidate, record, table.files) };
    });
    const titles = await table.titles(pending.map(({ process }) => process));
    const isLast = round === pausesMs.length - 1;
    const again: Candidate[] = [];
    for (const { candidate, record, isConsistent, session, gaps } of readings) {
      const { process } = candidate;
      const title = titles.get(process.pid);
      if (title === undefined || !isStillSession(candidate, title, driver)) continue;
      if (hasChangedOwner(candidate, record, daemon)) {
        const changed = ofOwnerNow(candidate, daemon);
        if (isLast) observed.push(ofUnknownOwner(changed));
        else again.push(changed);
      } else if (isLast || (title === process.title && isConsistent)) {
        observed.push({
          candidate,
          session,
          gaps: gaps.map((cause) => gapOf(cause, candidate, session)),
        });
      } else {
        again.push({ ...candidate, process: { ...process, title } });
      }
    }
    pending = again;
  }
  return observed;
}

/** The candidate as its owner's that it has now; what was read of it before is to be read once more. */
function ofOwnerNow(candidate: Candidate, { table }: Daemon): Candidate {
  const uid = settledUid(candidate.process, table) ?? 0;
  // Of one that is root just now nothing tells whose it will be.
  return uid === 0 ? candidate : { ...candidate, process: { ...candidate.process, uid } };
}

function ofUnknownOwner(candidate: Candidate): Observed {
  return { candidate, session: null, gaps: [gapOf('login-unknown', candidate, null)] };
}

/** What is to be said of a candidate, and of which login where that is proven. */
function gapOf(cause: GapCause, { process }: Candidate, session: FtpSession | null): Gap {
  const gap = { cause, ownerUid: process.uid };
  return session?.isUserProven && session.user !== null ? { ...gap, login: session.user } : gap;
}
