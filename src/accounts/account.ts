/**
 * What an account may see: `user` its own sessions, `reseller` also those of the accounts that it
 * owns, `admin` every session of the host.
 */
export type AccountRole = 'user' | 'reseller' | 'admin';

/** What an account may be allowed to use, by cPanel's name: `ftpaccts`, everything about FTP. */
export type Feature = 'ftpaccts';

/** Which system user an account stands for on a host of a fleet. */
export interface Placement {
  readonly host: string;
  readonly systemUser: string;
}

/** Somebody who may call the API. */
export interface Account {
  readonly name: string;
  readonly role: AccountRole;
  /** The system user whose uid owns this account's sessions; null for administrators and FTP logins. */
  readonly systemUser: string | null;
  /**
   * The FTP logins whose sessions are this account's, in place of a system user: whole names, or `*`
   * and what they end in. Empty for every other account.
   */
  readonly ftpLogins: readonly string[];
  /** The reseller that this account belongs to. */
  readonly owner: string | null;
  /** What it may use; an administrator may use everything. */
  readonly features: readonly Feature[];
  /** At the gateway of a fleet, where its sessions are; absent for nowhere. */
  readonly placements?: readonly Placement[];
}

/** Takes the moment at which a refusal is due, to wait for it elsewhere. */
export type Postpone = (refusal: Promise<void>) => void;

/** The accounts, as the process that answers requests sees them. */
export interface AccountDirectory {
  /** The account of that exact name, or undefined. */
  find(name: string): Account | undefined;
  /** Every account, by name. */
  list(): readonly Account[];
  /** The accounts that belong to a reseller. */
  ownedBy(reseller: string): readonly Account[];
  /**
   * Changes when the password of the account of that name does, or the account itself is another;
   * undefined for none.
   */
  generation(name: string): string | undefined;
  /**
   * True when the password is that account's. An unknown account costs the same time and is false. Where a
   * refusal is due at a moment of its own, that is waited for, unless `postpone` takes it.
   */
  verify(name: string, password: string, postpone?: Postpone): Promise<boolean>;
}

/** The server roles that an administrator can switch off. */
export type ServerRole = 'FTP';

/** The role flags, as the process that answers requests sees them. */
export interface RoleFlags {
  isEnabled(role: ServerRole): boolean;
}

/** The API tokens, as the process that answers requests sees them. */
export interface TokenDirectory {
  /**
   * True when the token is one of that account's, has not expired, and may come from that address, in
   * normal form; without one only where it may come from anywhere.
   */
  verify(account: string, token: string, address?: string): boolean;
  /** Whether it may only read; a token that is none of that account's may not even do that. */
  isReadOnly(account: string, token: string): boolean;
}
