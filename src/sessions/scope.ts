/** Whose sessions are wanted. Root's are in none but everybody's: they belong to no account. */
export type Scope = ResolvedScope | SystemUsersScope;

/** A scope that tells of each session by itself whether it is in it. */
export type ResolvedScope =
  | { readonly kind: 'everybody' }
  /** Those whose process runs as one of these; none for what concerns the whole host alone. */
  | { readonly kind: 'uids'; readonly uids: readonly number[] }
  /**
   * Those of FTP logins that the daemon's record proves (`FtpSession.isUserProven`): a whole name, or
   * `*` and what it ends in, as in `*@shop.example`. A session without a proven login is nobody's.
   */
  | { readonly kind: 'logins'; readonly logins: readonly string[] };

/** Names that are looked up anew for each question, since a name can be given to another uid. */
export interface SystemUsersScope {
  readonly kind: 'system-users';
  readonly names: readonly string[];
}

/** A scope has no more uids, names or logins than this. */
export const maxScopeEntries = 10_000;

export const everybody: ResolvedScope = { kind: 'everybody' };

/** The sessions of these uids. */
export function ofUids(uids: readonly number[]): ResolvedScope {
  return { kind: 'uids', uids: [...new Set(uids)].sort((a, b) => a - b) };
}

/** The sessions of these system users. */
export function ofSystemUsers(names: readonly string[]): SystemUsersScope {
  return { kind: 'system-users', names: sorted(names) };
}

/** The sessions of these FTP logins. Throws RangeError for what is no pattern of a login. */
export function ofLogins(logins: readonly string[]): ResolvedScope {
  const wrong = logins.find((login) => !isLoginPattern(login));
  if (wrong !== undefined) {
    throw new RangeError(`${JSON.stringify(wrong)} is no FTP login, nor "*" and the end of some`);
  }
  return { kind: 'logins', logins: sorted(logins) };
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
    case 'uids':
      return `uids ${scope.uids}`;
    case 'system-users':
      return `system-users ${JSON.stringify(scope.names)}`;
    case 'logins':
      return `logins ${JSON.stringify(scope.logins)}`;
  }
}

/** How many uids, names or logins a scope has; null for everybody's. */
export function entriesOf(scope: Scope): number | null {
  switch (scope.kind) {
    case 'everybody':
      return null;
    case 'uids':
      return scope.uids.length;
    case 'system-users':
      return scope.names.length;
    case 'logins':
      return scope.logins.length;
  }
}

/** What tells of a session (`FtpSession`) whose it is. */
interface Owned {
  readonly ownerUid: number;
  readonly user: string | null;
  readonly isUserProven: boolean;
}

/** Tells of each session whether it is in the scope. */
export function sessionFilter(scope: ResolvedScope): (session: Owned) => boolean {
  if (scope.kind === 'everybody') return () => true;
  if (scope.kind === 'uids') {
    const uids = new Set(scope.uids);
    return ({ ownerUid }) => ownerUid !== 0 && uids.has(ownerUid);
  }
  const isNamed = loginFilter(scope.logins);
  return ({ ownerUid, user, isUserProven }) =>
    ownerUid !== 0 && isUserProven && user !== null && isNamed(user);
}

/** Tells of each login whether one of the patterns names it. */
export function loginFilter(patterns: readonly string[]): (login: string) => boolean {
  const whole = new Set(patterns.filter((pattern) => !pattern.startsWith('*')));
  const ends = patterns.flatMap((pattern) => (pattern.startsWith('*') ? pattern.slice(1) : []));
  return (login) =>
    whole.has(login) || ends.some((end) => login.length > end.length && login.endsWith(end));
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
