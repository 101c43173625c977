import { coalesce } from '../lib/coalesce.ts';
import { createSystemUsers } from '../os/users/system-users.ts';
import type { FtpAccountList } from '../sessions/ftp-account.ts';
import {
  loginFilter,
  type ResolvedScope,
  type SomeScope,
  sessionFilter,
} from '../sessions/scope.ts';
import type {
  FtpSession,
  Gap,
  SessionDetails,
  SessionSource,
  Snapshot,
} from '../sessions/session.ts';
import type { Accounts } from './accounts.ts';
import type { Found } from './daemon-scan.ts';
import { noDetails } from './details.ts';
import { accountsOf, type Owners, ownersOf } from './owners.ts';
import { resolveScope, type UserLookup, withGaps } from './resolve-scope.ts';

export interface CollectorOptions {
  /** Not asked by callers who give resolved scopes alone, as the monitor does its scanner. */
  readonly systemUsers?: UserLookup;
  /** The number of scans that processes before this one have made. */
  readonly scansBefore?: number;
  /** Reads the details of sessions for those who ask for them. */
  readonly detailsOf?: DetailsOf;
  /** The FTP accounts of a scope, for those who ask for them. */
  readonly accountsIn?: (scope: ResolvedScope) => FtpAccountList;
}

type DetailsOf = (sessions: readonly FtpSession[]) => Promise<readonly SessionDetails[]>;

/**
 * The collector: the sessions of all daemons, each caller given those of its scope. It counts its
 * scans from those that others have made before it. `scan` finds what these owners may see, and may
 * find more; when it rejects, so do all calls that share it.
 */
export function createCollector(
  scan: (owners: Owners, accounts: Accounts) => Promise<Found>,
  {
    systemUsers = createSystemUsers(),
    scansBefore = 0,
    detailsOf = async (sessions) => sessions.map(() => noDetails),
    accountsIn = () => ({ accounts: [], faults: [] }),
  }: CollectorOptions = {},
): SessionSource {
  let scans = scansBefore;
  const coalesced = coalesce(async (asked: readonly ResolvedScope[]): Promise<Snapshot> => {
    const owners = union(asked.map(ownersOf));
    const accounts = union(asked.map(accountsOf));
    scans += 1;
    const scanNumber = scans;
    const begunAt = Date.now();
    const startedAt = performance.now();
    const { sessions, ...found } = await scan(owners, accounts);
    return {
      begunAt,
      durationMs: performance.now() - startedAt,
      scanNumber,
      sessions: [...sessions].sort(byConnection),
      ...found,
    };
  });
  return {
    snapshot: async (asked, wants = {}) => {
      const { scope, gaps } = await resolveScope(asked, systemUsers);
      const snapshot = withGaps(restrict(await coalesced(scope), scope), gaps);
      const ftpAccounts = wants.ftpAccounts === true ? { ftpAccounts: accountsIn(scope) } : null;
      const details =
        wants.details === true ? { details: await detailsOf(snapshot.sessions) } : null;
      return ftpAccounts === null && details === null
        ? snapshot
        : { ...snapshot, ...ftpAccounts, ...details };
    },
  };
}

/** The owners, or accounts, of all callers that share a scan; null for everybody's. */
function union<T>(asked: readonly (ReadonlySet<T> | null)[]): ReadonlySet<T> | null {
  const all = new Set<T>();
  for (const some of asked) {
    if (some === null) return null;
    for (const each of some) all.add(each);
  }
  return all;
}

/** A gap, or a container, that is somebody else's would tell that there are sessions of others. */
function restrict(snapshot: Snapshot, scope: ResolvedScope): Snapshot {
  if (scope.kind === 'everybody') return snapshot;
  const { containedDaemons = [], ...others } = snapshot;
  const seen = containedDaemons.filter(({ container }) =>
    scope.accounts?.includes(container.account),
  );
  return {
    ...others,
    sessions: snapshot.sessions.filter(sessionFilter(scope)),
    gaps: gapsFor(scope, snapshot),
    ...(seen.length === 0 ? {} : { containedDaemons: seen }),
  };
}

/**
 * What concerns the whole host, or the scope. Whose a session without a proven login is nobody can
 * tell, nor whom a gap without one concerns. So for a scope of logins all of those that no uid in it
 * claims come to one gap, which does not tell how many there are or what of.
 */
function gapsFor({ uids, logins, accounts = [] }: SomeScope, { sessions, gaps }: Snapshot): Gap[] {
  const owners = new Set(uids);
  owners.delete(0);
  const isNamed = loginFilter(logins);
  const told = gaps.filter(
    ({ ownerUid, login, account }) =>
      ownerUid === null ||
      (account !== undefined && accounts.includes(account)) ||
      owners.has(ownerUid) ||
      (ownerUid !== 0 && login !== undefined && isNamed(login)),
  );
  if (logins.length === 0) return told;
  const isOthers = ({ ownerUid }: { readonly ownerUid: number | null }) =>
    ownerUid !== null && ownerUid !== 0 && !owners.has(ownerUid);
  const isUnproven =
    sessions.some((each) => isOthers(each) && !(each.isUserProven && each.user !== null)) ||
    gaps.some((each) => isOthers(each) && each.login === undefined && !isAnyUsersDoing(each));
  return isUnproven ? [...told, { cause: 'login-unproven', ownerUid: null }] : told;
}

/** True of a gap that each user of the host can bring about: it would have all others warned. */
function isAnyUsersDoing({ cause }: Gap): boolean {
  return cause === 'daemon-of-user';
}

/** Sessions whose time of connection is unknown come last. */
function byConnection(a: FtpSession, b: FtpSession): number {
  return (a.connectedAt ?? Infinity) - (b.connectedAt ?? Infinity) || a.pid - b.pid;
}
