import type { DaemonSettings } from '../daemons/description.ts';
import type { DaemonDriver } from '../daemons/driver.ts';
import type { Process } from '../os/processes/process-table.ts';
import { readPasswdUsers } from '../os/users/passwd-homes.ts';
import type { FtpAccount, FtpAccountList } from '../sessions/ftp-account.ts';
import { loginFilter, type ResolvedScope } from '../sessions/scope.ts';

/** A daemon, and the masters of it that were seen. */
interface Seen {
  readonly driver: Pick<DaemonDriver, 'description' | 'readAccounts'>;
  readonly settings: DaemonSettings;
  readonly masters: readonly Process[];
}

/**
 * The FTP accounts of a scope: those that daemons alone know by their uid or login, and of a scope with
 * uids the system users that these are of, where a daemon lets them in. Root's are in none but everybody's.
 */
export function listFtpAccounts(scope: ResolvedScope, daemons: readonly Seen[]): FtpAccountList {
  const passwd = readPasswdUsers();
  const isIn = filterOf(scope);
  const accounts: FtpAccount[] = [];
  const faults: FtpAccountList['faults'][number][] = [];
  for (const { driver, settings, masters } of daemons) {
    if (masters.length === 0) continue;
    const { name: daemon } = driver.description;
    const found = driver.readAccounts?.(masters, settings);
    if (found === undefined) {
      faults.push({ daemon, fault: 'place-unknown' });
      continue;
    }
    faults.push(...found.faults.map((fault) => ({ daemon, fault })));
    const subs = found.accounts.filter(isIn);
    for (const { user, uid, home, quotaBytes } of subs) {
      const ownerHome = passwd.get(uid)?.home ?? null;
      accounts.push({ daemon, user, type: 'sub', ownerUid: uid, home, ownerHome, quotaBytes });
    }
    if (!found.takesSystemUsers || scope.kind === 'everybody') continue;
    for (const uid of scope.uids) {
      const user = passwd.get(uid);
      if (user === undefined || uid === 0) continue;
      const { name, home } = user;
      const rest = { ownerUid: uid, home, ownerHome: home, quotaBytes: null };
      accounts.push({ daemon, user: name, type: 'main', ...rest });
    }
  }
  return { accounts, faults };
}

function filterOf(scope: ResolvedScope): (account: { user: string; uid: number }) => boolean {
  if (scope.kind === 'everybody') return () => true;
  const uids = new Set(scope.uids);
  const isNamed = loginFilter(scope.logins);
  return ({ user, uid }) => uid !== 0 && (uids.has(uid) || isNamed(user));
}
