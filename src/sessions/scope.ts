import type { SessionContainer } from './container.ts';

/** Whose sessions are wanted. Root's are in none but everybody's: they belong to no account. */
export type Scope = HostScope | PlacedScope;

/** Whose sessions one host can be asked for. */
export type HostScope = ResolvedScope | SystemUsersScope;

/** A scope that tells of each session by itself whether it is in it. */
export type ResolvedScope = { readonly kind: 'everybody' } | SomeScope;

/** Those in either list; without any entry what concerns the whole host alone. */
export interface SomeScope {
  readonly kind: 'some';
  /** Those whose process runs as one of these. */
  readonly uids: readonly number[];
  /**
   * Those of FTP logins that the daemon's record proves (`FtpSession.isUserProven`): a whole name, or
   * `*` and what it ends in, as in `*@shop.example`. Without a proven login none is found by it.
   */
  readonly logins: readonly string[];
  /** Those in containers that the configuration gives to one of these accounts. */
  readonly accounts?: readonly string[] | undefined;
}

/** Names that are looked up anew for each question, since a name can be given to another uid. */
export interface SystemUsersScope {
  readonly kind: 'system-users';
  readonly names: readonly string[];
}

/** The same scope; throws for one of a fleet, which is nothing that a host can be asked. */
export function requireHostScope(scope: Scope): HostScope {
  if (scope.kind !== 'placed') return scope;
  throw new Error('this host alone was asked for the sessions of a fleet');
}

/** At the gateway of a fleet: system users by host. No other source of sessions answers it. */
export interface PlacedScope {
  readonly kind: 'placed';
  /** Each host once; null for everybody's there. */
  readonly hosts: readonly (readonly [host: string, systemUsers: readonly string[] | null])[];
}

/** A scope has no more uids, names or logins than this. */
export const maxScopeEntries = 10_000;

/** A scope that has more, or whose names are too long together. Its message is for the caller. */
export class ScopeTooLargeError extends Error {
  override readonly name = 'ScopeTooLargeError';

  constructor() {
    super(
      `The account stands for too many system users and FTP logins together: those of ${maxScopeEntries} at most can be asked for at once. Divide its accounts among several resellers, or ask as an administrator, who sees all.`,
    );
  }
}

export const everybody: ResolvedScope = { kind: 'everybody' };

/** The sessions of these uids. */
export function ofUids(uids: readonly number[]): SomeScope {
  return ofUidsOrLogins(uids, []);
}

/** The sessions of these system users. */
export function ofSystemUsers(names: readonly string[]): SystemUsersScope {
  return { kind: 'system-users', names: sorted(names) };
}

/** The sessions of these FTP logins. Throws RangeError for what is no pattern of a login. */
export function ofLogins(logins: readonly string[]): SomeScope {
  return ofUidsOrLogins([], logins);
}

/** The sessions of these uids, and those of these FTP logins. Throws RangeError as `ofLogins` does. */
export function ofUidsOrLogins(uids: readonly number[], logins: readonly string[]): SomeScope {
  const wrong = logins.find((login) => !isLoginPattern(login));
  if (wrong !== undefined) {
    throw new RangeError(`${JSON.stringify(wrong)} is no FTP login, nor "*" and the end of some`);
  }
  return {
    kind: 'some',
    uids: [...new Set(uids)].sort((a, b) => a - b),
    logins: sorted(logins),
  };
}

/** The sessions of these system users on these hosts of a fleet. Throws ScopeTooLargeError. */
export function ofPlaces(
  places: readonly { readonly host: string; readonly systemUser: string }[],
): PlacedScope {
  const byHost = new Map<string, string[]>();
  for (const { host, systemUser } of places) {
    const users = byHost.get(host);
    if (users === undefined) byHost.set(host, [systemUser]);
    else users.push(systemUser);
  }
  const hosts = [...byHost].map(([host, users]) => [host, sorted(users)] as const);
  if (hosts.some(([, users]) => users.length > maxScopeEntries)) throw new ScopeTooLargeError();
  return { kind: 'placed', hosts: hosts.sort(([a], [b]) => (a < b ? -1 : 1)) };
}

/** Everybody's sessions on these hosts of a fleet. */
export function ofHosts(hosts: readonly string[]): PlacedScope {
  return { kind: 'placed', hosts: sorted(hosts).map((host) => [host, null]) };
}

/** The same scope, and the sessions in containers that are these accounts'. */
export function withContainersOf(scope: SomeScope, accounts: readonly string[]): SomeScope {
  return accounts.length === 0 ? scope : { ...scope, accounts: sorted(accounts) };
}

/**
 * Printable and without a second "*", which would stand for itself alone; nor U+FFFD, which stands
 * for any bytes that are not UTF-8.
 */
const loginPattern = /^(?:\*(?=.))?[^*\p{C}\p{Zl}\p{Zp}\uFFFD]{1,256}$/u;

/** Whether that text may stand in a scope of FTP logins. */
export function isLoginPattern(text: string): boolean {
  return loginPattern.test(text);
}

/** A text that two scopes share when the functions above have made them of the same. */
export function scopeKey(scope: Scope): string {
  switch (scope.kind) {
    case 'everybody':
      return scope.kind;
    case 'some':
      return [
        `uids ${scope.uids}`,
        ...(scope.logins.length === 0 ? [] : [`logins ${JSON.stringify(scope.logins)}`]),
        ...(scope.accounts?.length ? [`accounts ${JSON.stringify(scope.accounts)}`] : []),
      ].join(' ');
    case 'system-users':
      return `system-users ${JSON.stringify(scope.names)}`;
    case 'placed':
      return `placed ${JSON.stringify(scope.hosts)}`;
  }
}

/** How many uids, names or logins a scope has; null for everybody's. */
export function entriesOf(scope: Scope): number | null {
  switch (scope.kind) {
    case 'everybody':
      return null;
    case 'some':
      return scope.uids.length + scope.logins.length + (scope.accounts?.length ?? 0);
    case 'system-users':
      return scope.names.length;
    case 'placed':
      return scope.hosts.reduce((count, [, users]) => count + (users?.length ?? 0), 0);
  }
}

/** What tells of a session (`FtpSession`) whose it is. */
interface Owned {
  readonly ownerUid: number;
  readonly user: string | null;
  readonly isUserProven: boolean;
  readonly container?: SessionContainer | undefined;
}

/** Tells of each session whether it is in the scope. */
export function sessionFilter(scope: ResolvedScope): (session: Owned) => boolean {
  if (scope.kind === 'everybody') return () => true;
  const uids = new Set(scope.uids);
  const isNamed = loginFilter(scope.logins);
  const accounts = new Set(scope.accounts);
  return ({ ownerUid, user, isUserProven, container }) =>
    container !== undefined
      ? accounts.has(container.account)
      : ownerUid !== 0 && (uids.has(ownerUid) || (isUserProven && user !== null && isNamed(user)));
}

/** Tells of each login whether one of the patterns names it. */
export function loginFilter(patterns: readonly string[]): (login: string) => boolean {
  const whole = new Set(patterns.filter((pattern) => !pattern.startsWith('*')));
  const ends = new Set(
    patterns.flatMap((pattern) => (pattern.startsWith('*') ? pattern.slice(1) : [])),
  );
  // One look-up for each length: a reseller may have thousands of patterns, for thousands of sessions.
  const lengths = [...new Set([...ends].map(({ length }) => length))];
  return (login) =>
    whole.has(login) ||
    lengths.some((length) => login.length > length && ends.has(login.slice(-length)));
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
