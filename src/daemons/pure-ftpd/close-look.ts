import type { ProcessFacts, ProcessTable } from '../../os/processes/process-table.ts';
import type { CloseLook } from '../driver.ts';
import { takeCensus } from './census.ts';
import { openScoreboard } from './scoreboard.ts';
import { settle } from './settle.ts';

/**
 * The look at single sessions before they are ended: everything that makes a process a session, and
 * its master one, is read anew and judged by the rules of every look; nothing that was kept counts.
 */
export function createCloseLook(
  table: ProcessTable,
  scoreboardDirectories: readonly string[],
): CloseLook {
  return async (identities, owners) => {
    const wanted = new Map(identities.map(({ pid, startTime }) => [pid, startTime]));
    const recordPids = [...wanted.keys()];
    const listed = await readAnew(recordPids, table);
    table.files?.beginLook();
    const { candidates } = takeCensus(listed, { table, scoreboardDirectories, recordPids });
    const named = candidates.filter(
      ({ process: { pid, startTime, uid } }) =>
        wanted.get(pid) === startTime && (owners?.has(uid) ?? true),
    );
    const settled = await settle(named, table, openScoreboard(scoreboardDirectories));
    return settled.flatMap(({ candidate, session }) =>
      session === null ? [] : [{ process: candidate.process, session }],
    );
  };
}

/** The processes of these pids and all above them; what is a master shows only beside its parent. */
async function readAnew(
  pids: readonly number[],
  table: ProcessTable,
): Promise<readonly ProcessFacts[]> {
  const { kept } = table;
  if (kept === null) return (await table.list()).processes;
  const read = new Map<number, ProcessFacts | null>();
  for (const pid of pids) {
    for (let next = pid; next > 0 && !read.has(next); next = read.get(next)?.parentPid ?? 0) {
      read.set(next, kept.facts(next));
    }
  }
  return [...read.values()].filter((facts) => facts !== null);
}
