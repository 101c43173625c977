import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from '../accounts/account.ts';
import type { Host } from './host.ts';

/** A directory that is down must not hold up what the names are only noted for. */
const boundMs = 2_000;

/**
 * Names the account that sessions of a uid belong to, among those that the caller may know; null
 * where there is none, or none was found within two seconds. Of several accounts for one system user
 * the one that has its name counts. Never rejects.
 */
export async function accountNames({
  account,
  host: { accounts, systemUsers },
}: Asker): Promise<(uid: number) => string | null> {
  const known =
    account.role === 'admin'
      ? accounts.list()
      : [account, ...(account.role === 'reseller' ? accounts.ownedBy(account.name) : [])];
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
  return (uid) => names.get(uid) ?? null;
}

interface Asker {
  readonly account: Account;
  readonly host: Pick<Host, 'accounts' | 'systemUsers'>;
}
