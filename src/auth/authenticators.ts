import type { AccountDirectory, TokenDirectory } from '../accounts/account.ts';
import type { AuthenticationServices } from './authenticate.ts';
import type { LoginSessions } from './login-sessions.ts';
import type { VerificationQueue } from './verification-queue.ts';

/** All that says who is asking. */
export interface Authenticators extends AuthenticationServices {
  readonly accounts: AccountDirectory;
  readonly tokens: TokenDirectory;
  readonly logins: LoginSessions;
  readonly verifications: VerificationQueue;
}
