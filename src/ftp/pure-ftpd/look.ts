import type { ProcessTable } from '../../processes/process-table.ts';
import type { DaemonLook } from '../collector.ts';
import type { Gap } from '../session.ts';
import { sortProcesses } from './candidates.ts';
import { describeMaster } from './master.ts';
import { openScoreboard } from './scoreboard.ts';
import { settle } from './settle.ts';
import { isPureFtpdPath, parseTitle } from './title.ts';

/**
 * The plain look at the pure-ftpd sessions of this host, which reads everything anew: the process
 * table and the scoreboard.
 */
export function createPureFtpdLook(
  table: ProcessTable,
  scoreboardDirectories: readonly string[],
): DaemonLook {
  return async (owners) => {
    let isBlind = false;
    const listing = await table.find(({ title, executablePath }) => {
      if (executablePath !== null) return isPureFtpdPath(executablePath);
      isBlind ||= mayBePureFtpd(title);
      return parseTitle(title) !== null;
    });
    // Not before: whoever is listed by now has its connection already.
    table.files?.beginLook();
    const { masters, candidates } = sortProcesses(listing.processes);
    // Waiting for sessions of others that are just changing would tell that there are some.
    const wanted = candidates.filter(({ process }) => owners?.has(process.uid) ?? true);
    const settled = await settle(wanted, table, openScoreboard(scoreboardDirectories));
    const gaps: Gap[] = settled.flatMap((each) => each.gaps);
    if (listing.othersAreHidden) gaps.push({ cause: 'processes-hidden', ownerUid: null });
    // Said even where no master shows: one that sets no titles cannot be told from other programs.
    if (isBlind) gaps.push({ cause: 'executables-unreadable', ownerUid: null });
    return {
      sessions: settled.flatMap(({ session }) => session ?? []),
      gaps,
      daemons: masters.map((master) => describeMaster(master, table.files)),
    };
  };
}

/** By what a process calls itself: a daemon that sets no titles keeps the name of its program. */
function mayBePureFtpd(title: string): boolean {
  return parseTitle(title) !== null || isPureFtpdPath(title.split(' ', 1)[0] ?? '');
}
