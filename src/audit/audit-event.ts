/** Who did something, or tried to. */
interface Who {
  /** In normal form; null for what was done on the machine itself. */
  readonly address: string | null;
  /** The account that it is about, as the client names it; null when it names none. */
  readonly account: string | null;
}

/** Why somebody was refused. `throttled`: whatever the credentials, it was not looked at. */
export type RefusalReason = 'credentials' | 'not-administrator' | 'throttled';

export type CredentialScheme = 'basic' | 'cpanel' | 'whm' | 'cookie' | 'form';

/** Somebody logged in with a form, and has a cookie from now on. */
interface Login extends Who {
  readonly event: 'login' | 'logout';
  readonly door: string;
}

interface Refusal extends Who {
  readonly event: 'login-refused' | 'access-refused';
  readonly door: string;
  readonly scheme: CredentialScheme;
  readonly reason: RefusalReason;
}

/** `by` is who did it: an account, or the system's user at the command line. */
interface AccountChange extends Who {
  readonly event: 'account-removed' | 'password-changed';
  readonly by: string;
}

interface AccountAdded extends Who {
  readonly event: 'account-added';
  readonly by: string;
  readonly role: 'user' | 'reseller' | 'admin';
}

interface TokenChange extends Who {
  readonly event: 'token-added' | 'token-revoked';
  readonly by: string;
  /** The token's name, never the token. */
  readonly token: string;
}

/** A role of the server was switched; it is nobody's, so `account` is null. */
interface RoleChange extends Who {
  readonly event: 'role-changed';
  readonly by: string;
  readonly role: string;
  readonly state: 'enabled' | 'disabled';
}

/** What an account may use was changed. */
interface FeatureChange extends Who {
  readonly event: 'feature-changed';
  readonly by: string;
  readonly feature: string;
  readonly state: 'enabled' | 'disabled';
}

/** An FTP session was to be ended on somebody's demand. */
interface SessionEnd extends Who {
  readonly event: 'session-ended';
  readonly by: string;
  readonly pid: number;
  /** The start of the process as its source tells it; with the pid its identity. */
  readonly start: number;
  /** The FTP user of the session. */
  readonly login: string;
  readonly outcome: string;
}

/** What the audit log tells. No field ever holds a secret. */
export type AuditEvent =
  | Login
  | Refusal
  | AccountChange
  | AccountAdded
  | TokenChange
  | RoleChange
  | FeatureChange
  | SessionEnd;
