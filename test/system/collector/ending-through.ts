import { createEnder, type EnderOptions, type Reverify } from '../../../src/collector/ender.ts';
import { trackIssued } from '../../../src/collector/issued.ts';
import type { ProcessTable } from '../../../src/os/processes/process-table.ts';
import { createSystemUsers } from '../../../src/os/users/system-users.ts';
import type { SessionSource } from '../../../src/sessions/session.ts';
import type { SessionEnder } from '../../../src/sessions/session-ender.ts';
import { collectThrough, engineOver } from '../daemons/pure-ftpd/sources.ts';

/** What is another than on a host. */
interface Differences
  extends Partial<Pick<EnderOptions, 'wasListed' | 'timeoutMs' | 'killTimeoutMs'>> {
  /** What happens between the re-verification and the signals. */
  readonly afterReverifying?: () => Promise<void>;
}

/** Sessions and what ends them over one process table, put together as on a host. */
export function endingThrough(
  table: ProcessTable,
  { afterReverifying, ...rest }: Differences = {},
): { sessions: SessionSource; ender: SessionEnder } {
  const { sessions, wasListed } = trackIssued(collectThrough(table), table);
  const engine = engineOver(table);
  const systemUsers = createSystemUsers();
  const delayed: Reverify = async (...asked) => {
    const targets = await engine.reverify(...asked);
    await afterReverifying?.();
    return targets;
  };
  return {
    sessions,
    ender: createEnder({ reverify: delayed, systemUsers, table, wasListed, ...rest }),
  };
}
