import { createEnder, type EnderOptions } from '../../../src/collector/ender.ts';
import { rememberShown } from '../../../src/collector/issued.ts';
import type { CloseLook } from '../../../src/daemons/driver.ts';
import { createCloseLook } from '../../../src/daemons/pure-ftpd/close-look.ts';
import type { ProcessTable } from '../../../src/os/processes/process-table.ts';
import type { SessionSource } from '../../../src/sessions/session.ts';
import type { SessionEnder } from '../../../src/sessions/session-ender.ts';
import { collectThrough, scoreboardDirs } from '../daemons/pure-ftpd/sources.ts';

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
