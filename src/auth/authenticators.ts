import type { AccountDirectory, TokenDirectory } from '../accounts/account.ts';
import type { Guard } from './guard.ts';
import type { LoginSessions } from './login-sessions.ts';
import type { VerificationQueue } from './verification-queue.ts';

/** All that says who is asking, and what it was last known by. */
export interface Authenticators extends Guard {
  readonly accounts: AccountDirectory;
  readonly tokens: TokenDirectory;
  readonly logins: LoginSessions;
  readonly verifications: VerificationQueue;
  /** Resolves when accounts, tokens and roles are as they were at some moment after the call. */
  readonly refresh: () => Promise<void>;
  /** Grows whenever a refresh has found accounts, tokens, roles or system users changed. */
  readonly revision: () => number;
}
