import { type CloseLook, createEnder, type EnderOptions } from '../../src/ftp/ender.ts';
import { rememberShown } from '../../src/ftp/given-out.ts';
import { createCloseLook } from '../../src/ftp/pure-ftpd/close-look.ts';
import type { SessionSource } from '../../src/ftp/session.ts';
import type { SessionEnder } from '../../src/ftp/session-ender.ts';
import type { ProcessTable } from '../../src/processes/process-table.ts';
import { collectThrough, scoreboardDirs } from './pure-ftpd/sources.ts';

/** What is another than on a host. */
interface Differences
  extends Partial<Pick<EnderOptions, 'hasShown' | 'timeoutMs' | 'killTimeoutMs'>> {
  /** What happens between the close look and the signals. */
  readonly afterCloseLook?: () => Promise<void>;
}

/** Sessions and what ends them over one process table, put together as on a host. */
export function endingThrough(
  table: ProcessTable,
  { afterCloseLook, ...rest }: Differences = {},
): { sessions: SessionSource; ender: SessionEnder } {
  const { sessions, hasShown } = rememberShown(collectThrough(table), table);
  const closeLook = createCloseLook(table, scoreboardDirs);
  const delayed: CloseLook = async (...asked) => {
    const targets = await closeLook(...asked);
    await afterCloseLook?.();
    return targets;
  };
  return { sessions, ender: createEnder({ closeLooks: [delayed], table, hasShown, ...rest }) };
}
