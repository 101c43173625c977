import type { Process, ProcessTable } from '../../processes/process-table.ts';
import type { CloseLook } from '../ender.ts';
import { sortProcesses } from './candidates.ts';
import { openScoreboard } from './scoreboard.ts';
import { settle } from './settle.ts';
import { isPureFtpdPath, parseTitle } from './title.ts';

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
    const processes = await readAnew([...wanted.keys()], table);
    table.files?.beginLook();
    const candidates = sortProcesses(processes).candidates.filter(
      ({ process: { pid, startTime, uid } }) =>
        wanted.get(pid) === startTime && (owners?.has(uid) ?? true),
    );
    const settled = await settle(candidates, table, openScoreboard(scoreboardDirectories));
    return settled.flatMap(({ candidate, session }) =>
      session === null ? [] : [{ process: candidate.process, session }],
    );
  };
}

/** The processes of these pids and all above them; what is a master shows only beside its parent. */
async function readAnew(pids: readonly number[], table: ProcessTable): Promise<Process[]> {
  const { kept } = table;
  if (kept === null) return [...(await table.find(isOfInterest)).processes];
  const read = new Map<number, Process | null>();
  for (const pid of pids) {
    for (let next = pid; next > 0 && !read.has(next); next = read.get(next)?.parentPid ?? 0) {
      read.set(next, kept.read(next));
    }
  }
  return [...read.values()].filter((process) => process !== null);
}

function isOfInterest({ title, executablePath }: { title: string; executablePath: string | null }) {
  return executablePath === null ? parseTitle(title) !== null : isPureFtpdPath(executablePath);
}
