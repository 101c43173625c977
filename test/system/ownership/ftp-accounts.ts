import { listFtpAccounts } from '../../../src/collector/ftp-accounts.ts';
import { pureFtpdDriver } from '../../../src/daemons/pure-ftpd/driver.ts';
import type { Process } from '../../../src/os/processes/process-table.ts';
import type { ResolvedScope } from '../../../src/sessions/scope.ts';
import { systemLogins } from '../../support/system-logins.ts';
import type { Caller } from './callers.ts';
import { virtualUsers } from './visits.ts';

/** The accounts of a pure-ftpd that lets in the users of its puredb and the system's, as the collector gives them. */
export function accountsOf(
  puredb: string,
): (scope: ResolvedScope) => ReturnType<typeof listFtpAccounts> {
  // All that is read of a master are its arguments.
  const master = { argumentsLeft: ['-l', 'unix'] } as unknown as Process;
  const daemon = {
    driver: pureFtpdDriver,
    settings: { pureFtpdPuredb: [puredb] },
    masters: [master],
  };
  return (scope) => listFtpAccounts(scope, [daemon]);
}

/** An FTP account, as the lists have it. */
interface Account {
  readonly user: string;
  readonly type: 'main' | 'sub';
  readonly home: string;
}

/** Those that an account is to see, from the test's own users and the system's files alone. */
export function accountsSeenBy({ uids, logins = [] }: Caller): Account[] {
  const hasUid = (uid: number) => uids === 'all' || uids.includes(uid);
  const subs = virtualUsers
    .filter(({ name, owner }) => hasUid(owner.uid) || logins.includes(name))
    .map(({ name, owner }) => ({ user: name, type: 'sub' as const, home: owner.home }));
  const mains = systemLogins()
    .filter(({ uid }) => hasUid(uid))
    .map(({ name, home }) => ({ user: name, type: 'main' as const, home }));
  // A login of the daemon's own stands before a system user of the same name.
  return [...subs, ...mains].sort((a, b) => (a.user < b.user ? -1 : Number(a.user > b.user)));
}

/** The row of list_ftp. */
export const shortRow = ({ user, type, home }: Account) => ({ homedir: home, type, user });

/** The row of list_ftp_with_disk. */
export function rowWithDisk({ user, type, home }: Account) {
  return {
    accttype: type,
    deleteable: 0,
    dir: home,
    diskquota: type === 'sub' ? 'unlimited' : null,
    diskused: null,
    diskusedpercent: null,
    diskusedpercent20: null,
    htmldir: home,
    login: user,
    reldir: '',
    serverlogin: user,
    user,
  };
}
