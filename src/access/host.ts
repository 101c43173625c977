import type { AccountDirectory } from '../accounts/account.ts';
import type { Audit } from '../audit/audit.ts';
import type { FleetReader } from '../fleet/gateway/fleet-reader.ts';
import type { SystemUsers } from '../os/users/system-users.ts';
import type { HistorySource } from '../session-log/history-answer.ts';
import type { Fleet } from '../sessions/fleet.ts';
import type { SessionSource } from '../sessions/session.ts';
import type { SessionEnder } from '../sessions/session-ender.ts';

/** What functions may use of the host. */
export interface Host {
  readonly sessions: SessionSource;
  readonly sessionEnder: SessionEnder;
  readonly systemUsers: SystemUsers;
  readonly accounts: AccountDirectory;
  readonly audit: Audit;
  /** Sessions that were; none are kept unless given. */
  readonly history?: HistorySource | undefined;
  /** The accounts that the configuration gives containers to; none unless given. */
  readonly containerAccounts?: ReadonlySet<string>;
  /** The hosts behind a gateway, whose sessions `sessions` has then; absent for a host of its own. */
  readonly fleet?: Fleet | undefined;
  /** Reads of those hosts what is no list of sessions. */
  readonly fleetReader?: FleetReader | undefined;
}
