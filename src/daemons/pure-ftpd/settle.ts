import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessTable } from '../../os/processes/process-table.ts';
import type { FtpSession, Gap } from '../../sessions/session.ts';
import type { Candidate } from './candidates.ts';
import type { Scoreboard } from './scoreboard.ts';
import { isCoherent, isStillSession, judge, type Sighting, sight } from './sighting.ts';

/** What a close look at a candidate came to; no session where it is none. */
export interface Settled {
  readonly candidate: Candidate;
  readonly session: FtpSession | null;
  readonly gaps: readonly Gap[];
}

/**
 * How long to wait before a session whose title and record contradict each other is read again, in
 * milliseconds. Between the two the daemon does a few system calls, but on a busy machine it can
 * lose the processor there.
 */
const pausesMs = [0, 1, 2, 4, 8, 16];

/**
 * Reads each candidate's record between two readings of its title, until both agree: then the row
 * was true in one moment. A candidate whose process ended meanwhile is left out.
 */
export async function settle(
  candidates: readonly Candidate[],
  table: ProcessTable,
  scoreboard: Scoreboard,
): Promise<Settled[]> {
  const settled: Settled[] = [];
  let pending = candidates;
  for (const [round, pauseMs] of pausesMs.entries()) {
    if (pending.length === 0) break;
    if (pauseMs > 0) await delay(pauseMs);
    const sightings = pending.map((candidate) => sight(candidate, scoreboard, table.files));
    const titles = await table.titles(pending.map(({ process }) => process));
    const isLast = round === pausesMs.length - 1;
    const again: Candidate[] = [];
    for (const sighting of sightings) {
      const { process } = sighting.candidate;
      const title = titles.get(process.pid);
      if (title === undefined || !isStillSession(sighting.candidate, title)) continue;
      if (hasLoggedInSince(sighting, table)) continue;
      if (isLast || (title === process.title && isCoherent(sighting))) {
        settled.push(conclude(sighting));
      } else {
        again.push({ ...sighting.candidate, process: { ...process, title } });
      }
    }
    pending = again;
  }
  return settled;
}

/**
 * The daemon gives a process to the user who logs in before it notes the account (its ftpd.c), so one
 * that was root's before the record named somebody may be that user's by now: as yet nobody's.
 */
function hasLoggedInSince({ candidate, record }: Sighting, table: ProcessTable): boolean {
  const { process } = candidate;
  if (process.uid !== 0 || record.kind !== 'entry' || record.entry.account === '?') return false;
  return table.uidOf(process) !== 0;
}

function conclude(sighting: Sighting): Settled {
  const { candidate } = sighting;
  const { session, gaps } = judge(sighting);
  const ownerUid = candidate.process.uid;
  return { candidate, session, gaps: gaps.map((cause) => ({ cause, ownerUid })) };
}
