import * as z from 'zod';
import { isSystemUserName } from '../os/users/system-user-name.ts';
import { hostName } from '../sessions/identity.ts';
import { isLoginPattern } from '../sessions/scope.ts';
import type { Account, Feature } from './account.ts';
import { isAccountName } from './names.ts';
import { passwordHash } from './password-hash.ts';

/** Every feature that an account can have; a new one has them all. */
export const allFeatures: readonly Feature[] = ['ftpaccts'];

/** A reseller's scope has those of all its accounts (`maxScopeEntries`). */
export const maxFtpLogins = 100;

const name = z.string().refine(isAccountName, 'is no account name');
const systemUser = z.string().refine(isSystemUserName, 'is no name of a system user').nullable();
const ftpLogins = z
  .array(z.string().refine(isLoginPattern, 'is no FTP login, nor "*" and the end of some'))
  .max(maxFtpLogins)
  .readonly()
  .optional();

/** An account stands for so many system users of hosts at most. */
export const maxPlacements = 1_000;
const placements = z
  .array(
    z.strictObject({
      host: z.string().regex(hostName, 'is no name of a host'),
      systemUser: z.string().refine(isSystemUserName, 'is no name of a system user'),
    }),
  )
  .max(maxPlacements)
  .readonly()
  .optional();

const owner = name.nullable().default(null);
const features = z.array(z.literal(allFeatures)).readonly().default(allFeatures);

/** What tells whose sessions an account sees, and what it may use. */
const ofCustomer = { name, systemUser, ftpLogins, features, placements, passwordHash };
const standsForOne = [
  (account: { systemUser: string | null; ftpLogins?: readonly string[] | undefined }) =>
    (account.systemUser === null) === (account.ftpLogins ?? []).length > 0,
  'stands for a system user or for FTP logins, for one of the two',
] as const;

const storedAccount = z.discriminatedUnion('role', [
  z.strictObject({ ...ofCustomer, role: z.literal('user'), owner }).refine(...standsForOne),
  z.strictObject({ ...ofCustomer, role: z.literal('reseller') }).refine(...standsForOne),
  z.strictObject({ name, role: z.literal('admin'), passwordHash }),
]);
/** An account as the file has it. */
export type StoredAccount = z.infer<typeof storedAccount>;

/** What accounts.json holds. */
export const accountsFile = z.strictObject({
  version: z.literal(1, 'is not a version that this uapid knows'),
  accounts: z
    .array(storedAccount)
    .refine((all) => new Set(all.map((each) => each.name)).size === all.length, 'has a name twice')
    // Else it would go to whoever is the next reseller of that name.
    .refine(everyOwnerIsReseller, 'has an account whose owner is no reseller'),
});
export type AccountsFile = z.infer<typeof accountsFile>;

function everyOwnerIsReseller(accounts: readonly StoredAccount[]): boolean {
  const resellers = new Set(
    accounts.filter(({ role }) => role === 'reseller').map(({ name }) => name),
  );
  return accounts.every(
    (each) => each.role !== 'user' || each.owner === null || resellers.has(each.owner),
  );
}

/** What of an account those may know who answer for it. */
export function publicPart(stored: StoredAccount): Account {
  const { name, role } = stored;
  if (role === 'admin') {
    return { name, role, systemUser: null, ftpLogins: [], owner: null, features: allFeatures };
  }
  const { systemUser, ftpLogins = [], features, placements } = stored;
  return {
    name,
    role,
    systemUser,
    ftpLogins,
    owner: role === 'user' ? stored.owner : null,
    features,
    ...(placements === undefined ? {} : { placements }),
  };
}
