/** What is written down of a login, which no cookie can be made of without the key. */
export interface LoginRecord {
  readonly account: string;
  /** The account's name and what changes with it and its password. */
  readonly holder: string;
  /** "/cpsess##########". */
  readonly securityToken: string;
}

/** A login of before a restart, as the worker is told of it. */
export interface KeptLogin extends LoginRecord {
  readonly id: string;
  /** The cookie's SHA-256, in base64. */
  readonly cookieHash: string;
  /** How long ago, in ms. */
  readonly openedAgoMs: number;
  readonly usedAgoMs: number;
}

/** How long logins last, and how many there are. */
export interface LoginLimits {
  readonly idleMs: number;
  readonly absoluteMs: number;
  /** Logins of all accounts; the account that has most makes room for one more. */
  readonly maxLogins: number;
  /** Logins of one account; the one of them that was used longest ago makes room for one more. */
  readonly maxPerAccount: number;
}

export const loginLimits: LoginLimits = {
  idleMs: 30 * 60_000,
  absoluteMs: 12 * 3_600_000,
  maxLogins: 10_000,
  // Twenty people with five browsers, or a script that logs in every 20 s and never out.
  maxPerAccount: 100,
};
