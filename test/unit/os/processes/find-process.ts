import type { Process, ProcessTable } from '../../../../src/os/processes/process-table.ts';

/** All of the processes whose title is wanted; others are left unread but for theirs. */
export async function findTitled(
  table: ProcessTable,
  isWanted: (title: string) => boolean,
): Promise<Process[]> {
  const { processes } = await table.list();
  return processes.flatMap((facts) => table.read(facts, isWanted) ?? []);
}
