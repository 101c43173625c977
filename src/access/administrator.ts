import type { Account } from '../accounts/account.ts';

/** Whoever may look at the host itself, or open the control socket, sees what an admin account sees. */
export const administrator: Account = {
  name: 'root',
  role: 'admin',
  systemUser: null,
  owner: null,
  features: [],
};
