import type { CallContext, Host } from './define-function.ts';

/**
 * Names the account that sessions of a uid belong to, among those that the caller may know; null
 * where there is none. Of several accounts for one system user the one that has its name counts.
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
  for (const { name, systemUser } of known) {
    // A name that cannot be looked up is no reason to end nothing.
    const uid = systemUser === null ? null : await systemUsers.uidOf(systemUser).catch(() => null);
    if (uid !== null && (!names.has(uid) || name === systemUser)) names.set(uid, name);
  }
  return (uid) => names.get(uid) ?? null;
}

type Asker = Pick<CallContext, 'account'> & {
  readonly host: Pick<Host, 'accounts' | 'systemUsers'>;
};
