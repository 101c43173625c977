import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from '../accounts/account.ts';
import { ofLogins, sessionFilter } from '../sessions/scope.ts';
import type { FtpSession } from '../sessions/session.ts';
import type { Host } from './host.ts';

/** A directory that is down must not hold up what the names are only noted for. */
const boundMs = 2_000;

/** What tells of a session which account it belongs to. */
export type Owned = Pick<FtpSession, 'ownerUid' | 'user' | 'isUserProven' | 'container'> &
  Partial<Pick<FtpSession, 'host' | 'ownerName'>>;

/**
 * Names the account that a session belongs to, among those that the caller may know; null where there
 * is none, or none was found within two seconds. At the gateway of a fleet the places of accounts tell
 * it alone: uids and logins are of other hosts there. An account that has the session's own FTP login comes
 * before one that has the uid. Of several accounts for one system user the one that has its name
 * counts. Never rejects.
 */
export async function accountNames({
  account,
  host: { accounts, systemUsers, fleet },
}: Asker): Promise<(session: Owned) => string | null> {
  const known =
    account.role === 'admin'
      ? accounts.list()
      : [account, ...(account.role === 'reseller' ? accounts.ownedBy(account.name) : [])];
  if (fleet !== undefined) return byPlaces(known);
  const names = new Map<number, string>();
  let isOver = false;
  const find = async () => {
    for (const { name, systemUser } of known) {
      if (isOver) return;
      const uid =
        systemUser === null ? null : await systemUsers.uidOf(systemUser).catch(() => null);
      if (uid !== null && (!names.has(uid) || name === systemUser)) names.set(uid, name);
    }
  };
  await Promise.race([find(), delay(boundMs, undefined, { ref: false })]);
  isOver = true;
  const byLogin = known.flatMap(({ name, ftpLogins }) =>
    ftpLogins.length === 0 ? [] : { name, has: sessionFilter(ofLogins(ftpLogins)) },
  );
  const owners = new Set(known.map(({ name }) => name));
  return (session) => {
    const { container } = session;
    if (container !== undefined) return owners.has(container.account) ? container.account : null;
    return byLogin.find(({ has }) => has(session))?.name ?? names.get(session.ownerUid) ?? null;
  };
}

function byPlaces(known: readonly Account[]): (session: Owned) => string | null {
  const names = new Map<string, string>();
  for (const { name, placements = [] } of known) {
    for (const { host, systemUser } of placements) {
      const place = `${host}:${systemUser}`;
      if (!names.has(place) || name === systemUser) names.set(place, name);
    }
  }
  return ({ host = '', ownerName = null }) => names.get(`${host}:${ownerName ?? ''}`) ?? null;
}

interface Asker {
  readonly account: Account;
  readonly host: Pick<Host, 'accounts' | 'systemUsers' | 'fleet'>;
}
