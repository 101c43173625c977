import type { Account, SystemUsers } from '../auth/account.ts';

/** Whose sessions an account may see. */
export type Owner =
  | { readonly kind: 'everybody' }
  | { readonly kind: 'uid'; readonly uid: number }
  | { readonly kind: 'nobody'; readonly warning: string };

/**
 * An administrator sees everybody's; a user those of its system user's uid, asked for anew at each
 * call, since a name can be given to another uid.
 */
export async function ownerOf(account: Account, systemUsers: SystemUsers): Promise<Owner> {
  if (account.role === 'admin') return { kind: 'everybody' };
  const uid = account.systemUser === null ? null : await systemUsers.uidOf(account.systemUser);
  if (uid !== null) return { kind: 'uid', uid };
  return {
    kind: 'nobody',
    warning: `The account “${account.name}” stands for the system user “${account.systemUser}”, and this server has no such user.`,
  };
}
