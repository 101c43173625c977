import type { EndOutcome } from '../sessions/session-ender.ts';

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

/** A program was given a URL that logs a browser in as the account, once. */
interface LoginOffered extends Who {
  readonly event: 'login-offered';
  readonly by: string;
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
  readonly event: 'account-added' | 'account-changed';
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

/** The members of a fleet were changed; it is nobody's, so `account` is null. */
interface FleetChange extends Who {
  readonly event: 'fleet-changed';
  readonly by: string;
  readonly state: 'keys-made' | 'host-added' | 'host-removed';
  /** The host's name in the fleet; this machine is `localhost`. */
  readonly host: string;
}

/** What an account may use was changed. */
interface FeatureChange extends Who {
  readonly event: 'feature-changed';
  readonly by: string;
  readonly feature: string;
  readonly state: 'enabled' | 'disabled';
}

/**
 * An FTP session was to be ended on somebody's demand; `outcome` tells what became of it. One line a
 * session, and one without a session, outcome "none", for a demand that fitted none. The account is
 * the session's, null when it belongs to none.
 */
interface SessionEnd extends Who {
  readonly event: 'session-ended';
  readonly by: string;
  /** The host that the session is or was looked for on. */
  readonly host: string;
  /** With host and start the session's identity; null when there was no session. */
  readonly pid: number | null;
  /** The start of the process as its source tells it. */
  readonly start: string | null;
  /** The session's FTP login, or the one that was asked for; null when it is not known. */
  readonly login: string | null;
  /** Of a demand that came from another host: the gateway of the fleet that it came by. */
  readonly via?: string;
  /** "failed" when it cannot be told, because ending broke off. */
  readonly outcome: EndOutcome | 'none' | 'failed';
}

/**
 * A gateway of a fleet signed a request to end sessions of a host, for whom its worker named. The monitor
 * writes it down itself; what became of them the lines `session-ended` tell, here and on that host.
 */
interface EndSigned extends Who {
  readonly event: 'session-end-signed';
  readonly by: string;
  readonly host: string;
  /** Where it is one session alone. */
  readonly pid: number | null;
  readonly start: string | null;
  readonly sessions: number;
}

/**
 * Why a call of a function that changes something was refused. `cross-site`: a page of another site
 * made it; `headers-only`: it asked for nothing but the answer's headers; `read-only`: by a token that may
 * only read.
 */
export type CallRefusalReason =
  | 'role'
  | 'feature'
  | 'read-only'
  | 'cross-site'
  | 'headers-only'
  | 'arguments';

/** Nothing was changed. The account is the one on whose behalf the call was made. */
interface CallRefusal extends Who {
  readonly event: 'call-refused';
  readonly by: string;
  readonly function: string;
  readonly reason: CallRefusalReason;
}

/** What the audit log tells. No field ever holds a secret. */
export type AuditEvent =
  | Login
  | LoginOffered
  | Refusal
  | AccountChange
  | AccountAdded
  | TokenChange
  | RoleChange
  | FeatureChange
  | FleetChange
  | SessionEnd
  | EndSigned
  | CallRefusal;
