import type { ContainedFiles } from '../../os/processes/process-table.ts';
import type { ContainedProcess, Observation } from '../driver.ts';
import { classify } from './observation.ts';
import { isRecordLink, readEntryOf } from './scoreboard.ts';

/** A process can name its files so by the thousand. */
const maxOpened = 8;

/**
 * A session of pure-ftpd in a container, by its own record alone, which it holds read-write under the
 * name of the pid that it has there. Without one it is none: a master, a helper, or not yet begun.
 */
export function observeContained(
  { process, parent, ownPid }: ContainedProcess,
  files: ContainedFiles,
): Observation {
  const none: Observation = { isConsistent: true, session: null, gaps: [] };
  const open = files.list(process);
  if (open === null) return { ...none, gaps: ['container-record-unreadable'] };
  const named = open.filter(
    ({ fd, target }) =>
      isRecordLink(target, ownPid) && files.accessOf(process, fd) === 'read-write',
  );
  if (named.length === 0) return none;
  for (const { fd } of named.slice(0, maxOpened)) {
    const readings = files.withFile(process, fd, (read) => {
      const readOnce = () => readEntryOf(ownPid, (into) => read(into, 0, into.length));
      return [readOnce(), readOnce()] as const;
    });
    const [first, second] = readings ?? [];
    if (first?.kind !== 'entry' || second?.kind !== 'entry') continue;
    const { bytesMoved: _, ...before } = first.entry;
    const { bytesMoved: __, ...after } = second.entry;
    const isSettled = JSON.stringify(before) === JSON.stringify(after);
    const record = {
      kind: 'entry',
      entry: second.entry,
      isOwn: true,
      isSettled,
      path: null,
    } as const;
    const candidate = { process, parent, master: null, setsTitles: false, needsRecord: false };
    const { session, gaps } = classify({ candidate, record, fallback: null });
    return {
      isConsistent: isSettled,
      session,
      gaps: gaps.filter((cause) => cause !== 'titles-off'),
    };
  }
  return { ...none, gaps: ['container-record-unreadable'] };
}
