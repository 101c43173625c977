import type { Process } from '../os/processes/process-table.ts';
import type { FtpSession, Snapshot } from '../sessions/session.ts';
import type { SessionIdentity } from '../sessions/session-ender.ts';

/** What a look at one kind of daemon saw. */
export type DaemonSight = Pick<Snapshot, 'sessions' | 'gaps' | 'daemons'>;

/**
 * A look at one kind of FTP daemon. `owners` are the uids whose sessions are wanted, null for
 * everybody's; others may be left out. Rejects only when looking itself failed.
 */
export type DaemonLook = (owners: ReadonlySet<number> | null) => Promise<DaemonSight>;

/** A session that may be ended, and its process as it was just read. */
export interface Target {
  readonly process: Process;
  readonly session: FtpSession;
}

/**
 * Looks anew at these sessions of one kind of daemon, and gives those that still are sessions of
 * these owners (null for anybody's).
 */
export type CloseLook = (
  identities: readonly SessionIdentity[],
  owners: ReadonlySet<number> | null,
) => Promise<readonly Target[]>;
