import type { DaemonSettings } from '../daemons/description.ts';
import type { DaemonDriver } from '../daemons/driver.ts';
import type { SystemUsersLetIn } from '../daemons/system-users-let-in.ts';
import type { Process } from '../os/processes/process-table.ts';
import { readLockedUsers } from '../os/users/locked-users.ts';
import { type PasswdUser, readLoginShells, readPasswdUsers } from '../os/users/passwd-homes.ts';
import type { FtpAccount, FtpAccountList } from '../sessions/ftp-account.ts';
import { loginFilter, type ResolvedScope } from '../sessions/scope.ts';

/** A daemon, and the masters of it that were seen. */
interface Seen {
  readonly driver: Pick<DaemonDriver, 'description' | 'readAccounts'>;
  readonly settings: DaemonSettings;
  readonly masters: readonly Process[];
}

/**
 * The FTP accounts of a scope: those that daemons alone know by their uid or login, and the system users of its
 * uids, of everybody's scope all, where a daemon lets them in. Root's are in none but everybody's.
 */
export function listFtpAccounts(scope: ResolvedScope, daemons: readonly Seen[]): FtpAccountList {
  const passwd = readPasswdUsers();
  const known = { shells: readLoginShells(), locked: readLockedUsers() };
  const homes = new Map(passwd.toReversed().map(({ uid, home }) => [uid, home]));
  const isIn = filterOf(scope);
  const accounts: FtpAccount[] = [];
  const mains = new Map<string, FtpAccount>();
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
    for (const { user, uid, home, quotaBytes } of found.accounts.filter(isIn)) {
      const ownerHome = homes.get(uid) ?? null;
      accounts.push({ daemon, user, type: 'sub', ownerUid: uid, home, ownerHome, quotaBytes });
    }
    for (const each of passwd.filter((user) => isLetIn(user, found.systemUsers, known))) {
      const { name: user, uid, home } = each;
      // One that several daemons let in is one account.
      if (mains.has(user) || !isIn({ user, uid, isOfSystem: true })) continue;
      const rest = { ownerUid: uid, home, ownerHome: home, quotaBytes: null };
      mains.set(user, { daemon, user, type: 'main', ...rest });
    }
  }
  return { accounts: [...accounts, ...mains.values()], faults };
}

function isLetIn(
  { name, uid, shell }: PasswdUser,
  rule: SystemUsersLetIn | null,
  {
    shells,
    locked,
  }: { readonly shells: ReadonlySet<string>; readonly locked: ReadonlySet<string> },
): boolean {
  if (locked.has(name)) return false;
  if (rule === null || uid === 0 || uid < rule.minUid || !rule.isNamed(name)) return false;
  return !rule.needsShell || shells.has(shell);
}

/** A system user is an account's by its uid alone: a login in a record may be another's of that name. */
function filterOf(
  scope: ResolvedScope,
): (account: { user: string; uid: number; isOfSystem?: true }) => boolean {
  if (scope.kind === 'everybody') return () => true;
  const uids = new Set(scope.uids);
  const isNamed = loginFilter(scope.logins);
  return ({ user, uid, isOfSystem }) =>
    uid !== 0 && (uids.has(uid) || (isOfSystem !== true && isNamed(user)));
}
