import {
  type ProcessListing,
  type ProcessTable,
  TableLateError,
} from '../../os/processes/process-table.ts';
import type { Gap } from '../../sessions/session.ts';
import type { DaemonSight } from '../driver.ts';
import { takeCensus } from './census.ts';
import { loginOf } from './login.ts';
import { describeMaster } from './master.ts';
import { openScoreboard } from './scoreboard.ts';
import { createScoreboardPids } from './scoreboard-pids.ts';
import { settle } from './settle.ts';
import type { Uncounted } from './uncounted.ts';

/** What the plain look saw. */
export interface PlainSight extends DaemonSight {
  /** What looks like pure-ftpd and does not count; their gaps are among the others. */
  readonly uncounted: readonly Uncounted[];
}

/** A look at all that the owners of these uids, null for everybody, may learn. */
export type PlainLook = (owners: ReadonlySet<number> | null) => Promise<PlainSight>;

/**
 * The plain look at the pure-ftpd sessions of this host, which reads everything anew: the process
 * table and the scoreboard.
 */
export function createPureFtpdLook(
  table: ProcessTable,
  scoreboardDirectories: readonly string[],
): PlainLook {
  return async (owners) => {
    try {
      return await look(await table.list(), owners);
    } catch (error) {
      if (!(error instanceof TableLateError)) throw error;
      const gaps: Gap[] = [{ cause: 'processes-late', ownerUid: null }];
      return { sessions: [], gaps, daemons: [], uncounted: [] };
    }
  };

  async function look(
    { processes, othersAreHidden }: ProcessListing,
    owners: ReadonlySet<number> | null,
  ): Promise<PlainSight> {
    const pids = () => processes.map(({ pid }) => pid);
    const recordPids = createScoreboardPids(scoreboardDirectories, pids).read();
    const context = { table, scoreboardDirectories, recordPids };
    const { masters, candidates, uncounted, isBlind } = takeCensus(processes, context);
    // Not before: whoever is listed by now has its connection already.
    table.files?.beginLook();
    // Waiting for sessions of others that are just changing would tell that there are some.
    const concerned = candidates.filter(({ process }) => owners?.has(process.uid) ?? true);
    const scoreboard = openScoreboard(scoreboardDirectories);
    const wanted = concerned.filter((each) => loginOf(each, scoreboard, table) !== 'before');
    const settled = await settle(wanted, table, scoreboard);
    const gaps: Gap[] = [
      ...settled.flatMap((each) => each.gaps),
      ...uncounted.map(({ gap }) => gap),
    ];
    if (othersAreHidden) gaps.push({ cause: 'processes-hidden', ownerUid: null });
    // Said even where no master shows: one that sets no titles cannot be told from other programs.
    if (isBlind) gaps.push({ cause: 'executables-unreadable', ownerUid: null });
    return {
      sessions: settled.flatMap(({ session }) => session ?? []),
      gaps,
      daemons: masters.map((master) => describeMaster(master, table.files)),
      uncounted,
    };
  }
}
