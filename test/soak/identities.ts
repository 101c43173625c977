import type { DaemonName } from '../support/host-daemons.ts';
import { type TestUser, users } from '../support/users.ts';
import type { VirtualUser } from '../support/virtual-users.ts';

/** Somebody who can log in by FTP. */
export interface Identity {
  readonly name: string;
  readonly password: string;
  readonly owner: TestUser;
}

export const owners: readonly TestUser[] = Object.values(users);

/** Each owner has two users that the daemons alone know, one with a name of many kinds of signs. */
export const virtualUsers: readonly VirtualUser[] = owners.flatMap((owner) =>
  [`dev@${owner.name}.example`, `${owner.name}+größe_${owner.uid}`].map((name) => ({
    name,
    password: `virtual-${owner.password}`,
    owner,
  })),
);

const identities: readonly Identity[] = [
  ...owners.map((owner) => ({ name: owner.name, password: owner.password, owner })),
  ...virtualUsers,
];

/** Those of one daemon: vsftpd's titles have no other signs than ASCII, so that its user is unknown then. */
export function identitiesOf(daemon: DaemonName): readonly Identity[] {
  return daemon === 'vsftpd' ? identities.filter(({ name }) => /^[ -~]*$/.test(name)) : identities;
}
