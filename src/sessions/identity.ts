/**
 * The name that this host has where no fleet gives it another, the same for all its life. One that
 * collects the sessions of several hosts names each of them by what it knows it as, never by its own
 * word.
 */
export const localHost = 'localhost';

/** What the name of a host may be: that of a DNS label in lower case. */
export const hostName = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** What tells a session's process from every other one of all hosts, before and after. */
export interface SessionIdentity {
  readonly host: string;
  readonly pid: number;
  /** An opaque text that differs between two processes that had the same pid on that host. */
  readonly startTime: string;
}

/** The identity alone, of what has more. */
export function identityOf({ host, pid, startTime }: SessionIdentity): SessionIdentity {
  return { host, pid, startTime };
}

/** A text that two identities share when they are the same. */
export function identityKey({ host, pid, startTime }: SessionIdentity): string {
  return `${host} ${pid} ${startTime}`;
}
