import * as z from 'zod';
import { ownershipOf } from '../../access/owner.ts';
import type { AccountsFault, FtpAccount } from '../../sessions/ftp-account.ts';
import type { Snapshot } from '../../sessions/session.ts';
import { type Warning, warn } from '../../sessions/warning.ts';
import type { Arguments } from '../call/arguments.ts';
import type { CallContext } from '../call/define-function.ts';
import { absenceOf } from './running-daemon.ts';

export const accountTypes = z.enum(['addon', 'anonymous', 'logaccess', 'main', 'sub']);

/** The arguments by which both lists leave some out. */
export const typeParameters = {
  include_acct_types: z
    .string()
    .optional()
    .describe('Only accounts of these types, with | between them, such as main|sub.'),
  skip_acct_types: z.string().optional().describe('No accounts of these types, in the same form.'),
};

/** The FTP accounts that the caller may see, by name, and what is to be said of those that are missing. */
export async function ftpAccountsOf({ account, host, args }: CallContext): Promise<FtpAccounts> {
  const { scope, isEmpty, warnings } = await ownershipOf(account, host);
  if (isEmpty) return { accounts: [], warnings };
  const snapshot = await host.sessions.snapshot(scope, { ftpAccounts: true });
  return accountsIn(snapshot, args, warnings);
}

export interface FtpAccounts {
  readonly accounts: readonly FtpAccount[];
  readonly warnings: readonly Warning[];
}

/** Those of a snapshot that a call asks for, by name. */
export function accountsIn(
  snapshot: Pick<Snapshot, 'ftpAccounts' | 'daemons' | 'gaps'>,
  args: Arguments,
  warnings: readonly Warning[],
): FtpAccounts {
  const { accounts, faults } = snapshot.ftpAccounts ?? { accounts: [], faults: [] };
  const isWanted = typeFilter(args);
  const unread = new Map(faults.map((each) => [`${each.daemon} ${each.fault}`, textOf(each)]));
  const absence = snapshot.daemons.length === 0 ? [absenceOf(snapshot)] : [];
  return {
    accounts: [...accounts]
      .filter(({ type }) => isWanted(type))
      .sort((a, b) => (a.user < b.user ? -1 : Number(a.user > b.user))),
    warnings: [
      ...warnings,
      ...absence,
      ...[...unread.values()].map((text) => warn('ftp-accounts-unread', text)),
    ],
  };
}

function typeFilter(args: Arguments): (type: string) => boolean {
  const typesOf = (name: string) => (args.get(name) ?? '').split('|').filter(Boolean);
  const [included, skipped] = [typesOf('include_acct_types'), typesOf('skip_acct_types')];
  return (type) => (included.length === 0 || included.includes(type)) && !skipped.includes(type);
}

const reasons: Readonly<Record<AccountsFault, string>> = {
  'place-unknown': 'nothing tells where they are',
  untrusted: 'others than root could have written the files that tell them',
  unreadable: 'a file that tells them cannot be read',
  elsewhere: 'they are in a database or directory that uapid does not read',
};

function textOf({ daemon, fault }: { daemon: string; fault: AccountsFault }): string {
  return `FTP accounts of ${daemon} may be missing: ${reasons[fault]}.`;
}
