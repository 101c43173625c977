import { setTimeout as delay } from 'node:timers/promises';
import type { Process, ProcessTable } from '../../processes/process-table.ts';
import type { DaemonLook, DaemonSight } from '../collector.ts';
import type { FtpSession, Gap } from '../session.ts';
import { type Candidate, sortProcesses } from './candidates.ts';
import { openScoreboard } from './scoreboard.ts';
import { isCoherent, isStillSession, judge, type Sighting, sight } from './sighting.ts';
import { isPureFtpdPath, parseTitle } from './title.ts';

/**
 * How long to wait before a session whose title and record contradict each other is read again, in
 * milliseconds. Between the two the daemon does a few system calls, but on a busy machine it can
 * lose the processor there.
 */
const pausesMs = [0, 1, 2, 4, 8, 16];

/** A look at the pure-ftpd sessions of this host through its process table and its scoreboard. */
export function createPureFtpdLook(
  table: ProcessTable,
  scoreboardDirectories: readonly string[],
): DaemonLook {
  return async () => {
    const listing = await table.find(({ title, executablePath }) =>
      executablePath === null ? parseTitle(title) !== null : isPureFtpdPath(executablePath),
    );
    const { masters, candidates } = sortProcesses(listing.processes);
    const { sessions, gaps } = await settle(candidates, table, scoreboardDirectories);
    if (listing.othersAreHidden) gaps.push({ cause: 'processes-hidden', ownerUid: null });
    if (masters.some(({ executable }) => executable === null)) {
      gaps.push({ cause: 'executables-unreadable', ownerUid: null });
    }
    return { sessions, gaps, daemons: masters.map(describeMaster) };
  };
}

/**
 * Reads each candidate's record between two readings of its title, until both agree: then the row
 * was true in one moment. A candidate whose process ended meanwhile is left out.
 */
async function settle(
  candidates: readonly Candidate[],
  table: ProcessTable,
  scoreboardDirectories: readonly string[],
): Promise<{ sessions: FtpSession[]; gaps: Gap[] }> {
  const scoreboard = openScoreboard(scoreboardDirectories);
  const found: { sessions: FtpSession[]; gaps: Gap[] } = {
    sessions: [],
    gaps: [],
  };
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
      if (isLast || (title === process.title && isCoherent(sighting))) {
        add(found, sighting);
      } else {
        again.push({ ...sighting.candidate, process: { ...process, title } });
      }
    }
    pending = again;
  }
  return found;
}

function add(found: { sessions: FtpSession[]; gaps: Gap[] }, sighting: Sighting): void {
  const { session, gaps } = judge(sighting);
  if (session !== null) found.sessions.push(session);
  const ownerUid = sighting.candidate.process.uid;
  found.gaps.push(...gaps.map((cause): Gap => ({ cause, ownerUid })));
}

function describeMaster({ pid }: Process): DaemonSight['daemons'][number] {
  return { name: 'pure-ftpd', pid };
}
