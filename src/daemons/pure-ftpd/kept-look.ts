import type { Process, ProcessFiles, ProcessTable } from '../../os/processes/process-table.ts';
import type { FtpSession, Gap, RunningDaemon } from '../../sessions/session.ts';
import type { DaemonLook } from '../driver.ts';
import type { Candidate } from './candidates.ts';
import { readKept, remember } from './kept-session.ts';
import type { PlainLook, PlainSight } from './look.ts';
import { describeMaster } from './master.ts';
import { createPopulation, type Population } from './population.ts';
import { openScoreboard } from './scoreboard.ts';
import { createScoreboardPids } from './scoreboard-pids.ts';
import { createSearch } from './search.ts';
import { settle } from './settle.ts';
import { isStillSession } from './sighting.ts';

/** Whose sessions are wanted; null for everybody's. */
type Owners = ReadonlySet<number> | null;

/** Children that end can hide others from one reading of a list, hardly from so many. */
const mostReadings = 3;

/**
 * The look with files kept open: two reads for a session that is known and one for its master. What
 * is new or has changed is looked at closely, as the plain look does with everything; `plain` itself
 * takes over where files cannot be kept, and as long as no master is known.
 */
export function createKeptLook(
  table: ProcessTable,
  scoreboardDirectories: readonly string[],
  plain: PlainLook,
): DaemonLook {
  const { kept, files } = table;
  if (kept === null || files === null) return plain;
  const population = createPopulation(table, kept, files, scoreboardDirectories);
  const scoreboardPids = createScoreboardPids(scoreboardDirectories, kept.pids);
  const daemons = createDaemonList(files);
  const search = createSearch(table, kept, population, scoreboardDirectories);
  let looks = 0;

  return async (owners) => {
    if (population.masters.length === 0) {
      const sight = await plain(owners);
      if (isComplete(sight)) {
        meetAll(sight, population);
        search.know(sight.uncounted);
      }
      return sight;
    }
    search.begin();
    looks += 1;
    const pids = scoreboardPids.read;
    const { fresh, changed } = readAll(looks, population, pids, owners);
    files.beginLook();
    const concernsRoot = owners?.has(0) ?? true;
    const gapsOfDoubtful = concernsRoot ? population.gapsOfDoubtful : [];
    const candidates = concernsRoot ? [...changed, ...population.doubtful] : changed;
    const settled = await settle(candidates, table, openScoreboard(scoreboardDirectories));
    for (const { candidate, session, gaps } of settled) {
      const { pid } = candidate.process;
      const known = population.session(pid);
      if (session === null) population.settleDoubt(pid, gaps);
      else if (known !== undefined) remember(known, session, gaps);
    }
    return {
      sessions: [...fresh.sessions, ...settled.flatMap(({ session }) => session ?? [])],
      gaps: [
        ...fresh.gaps,
        ...settled.flatMap(({ gaps }) => gaps),
        ...unreadable(changed),
        ...gapsOfDoubtful,
        ...(await search.gaps(owners)),
      ],
      daemons: daemons(population.masters),
    };
  };
}

interface Readings {
  /** Sessions that are as they were. */
  readonly fresh: { readonly sessions: FtpSession[]; readonly gaps: Gap[] };
  readonly changed: readonly Candidate[];
}

/** Reads every known session, and those that turn up meanwhile, once in this look. */
function readAll(
  look: number,
  population: Population,
  otherPids: () => readonly number[],
  owners: Owners,
): Readings {
  const fresh: Readings['fresh'] = { sessions: [], gaps: [] };
  const changed: Candidate[] = [];
  for (let reading = 0; reading < mostReadings; reading += 1) {
    let hasLost = false;
    population.update(otherPids());
    for (const session of population.sessionsOf(owners)) {
      if (session.readInLook === look) continue;
      session.readInLook = look;
      const result = readKept(session);
      if (result.kind === 'same') {
        fresh.sessions.push(result.session);
        if (result.gaps.length > 0) fresh.gaps.push(...result.gaps);
      } else if (result.kind === 'gone') {
        population.forget(session.candidate.process.pid);
        hasLost = true;
      } else if (isStillSession(session.candidate, result.title)) {
        changed.push(current(session.candidate, result.title, population));
      }
    }
    if (!hasLost) break;
  }
  const unkept = population.unkept.filter(({ process }) => owners?.has(process.uid) ?? true);
  return { fresh, changed: [...changed, ...unkept] };
}

/** Only who owns such a session is told: it would tell others that there is one. */
function unreadable(candidates: readonly Candidate[]): Gap[] {
  return candidates.flatMap(({ process: { executable, uid } }) =>
    executable === null ? { cause: 'executables-unreadable', ownerUid: uid } : [],
  );
}

/** A candidate as it is now: with another title, and perhaps without the master that vouched for it. */
function current(candidate: Candidate, title: string, { masters }: Population): Candidate {
  const { process } = candidate;
  const isVouched = masters.some(({ pid }) => pid === process.parentPid);
  return {
    ...candidate,
    process: { ...process, title },
    needsRecord: candidate.needsRecord || !isVouched,
  };
}

/** A master's ports do not change, and finding them means reading every connection of the host. */
function createDaemonList(files: ProcessFiles): (masters: readonly Process[]) => RunningDaemon[] {
  const described = new WeakMap<Process, RunningDaemon>();
  return (masters) =>
    masters.map((master) => {
      const daemon = described.get(master) ?? describeMaster(master, files);
      described.set(master, daemon);
      return daemon;
    });
}

/** Who may not see everything goes on with the plain look, which says so. */
function isComplete({ gaps }: PlainSight): boolean {
  return !gaps.some(
    ({ cause }) => cause === 'processes-hidden' || cause === 'executables-unreadable',
  );
}

function meetAll(sight: PlainSight, population: Population): void {
  for (const { pid } of sight.daemons) population.meet(pid);
}
