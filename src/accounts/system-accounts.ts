import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseEntries } from '../os/users/entries.ts';
import { parseGroups } from '../os/users/groups.ts';
import { parseStandings } from '../os/users/standing.ts';
import type { SystemUserRule } from '../os/users/system-user-rule.ts';
import { fileVersion } from '../state/file-version.ts';
import { isAccountName } from './names.ts';

/** A system user that is an account without having been added. */
export interface SystemAccount {
  readonly name: string;
  /** Another one once the password, its age or the user's state is. No hash can be read out of it. */
  readonly generation: string;
  /** The reseller that the rule names. */
  readonly owner: string | null;
}

export interface SystemAccountsOptions {
  readonly rules: readonly SystemUserRule[];
  /** Told once per change of the files that could not be taken over. */
  readonly onProblem: (message: string) => void;
  readonly folder?: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** So many are accounts; who comes later in passwd(5) is none. */
const maxSystemAccounts = 100_000;

/**
 * The system users of passwd(5) that a rule names, by name: the same list until one of the files or the day is
 * another. Never root, under whatever name, and none whose name no account can have. While a file cannot be
 * read the last list stays. Where nobody may read shadow(5) a new password shows only by its other marks.
 */
export function createSystemAccounts({
  rules,
  onProblem,
  folder = '/etc',
  now = Date.now,
}: SystemAccountsOptions): () => readonly SystemAccount[] {
  // Made anew at each start, as nobody may hold a guess at a hash against what it makes.
  const key = randomBytes(32);
  const path = (name: string) => `${folder}/${name}`;
  let seen: string | null = null;
  let accounts: readonly SystemAccount[] = [];

  function read(): readonly SystemAccount[] {
    const passwd = readFileSync(path('passwd'), 'utf8');
    const standings = parseStandings(readIfAllowed(path('shadow')), now());
    const ruleOf = createMatcher(rules, readFileSync(path('group'), 'utf8'));
    const found = new Map<string, SystemAccount>();
    for (const { name, id: uid, gid } of parseEntries(passwd)) {
      if (found.has(name) || !isAccountName(name) || uid === 0) continue;
      const rule = ruleOf(name, uid, gid);
      if (rule === undefined) continue;
      const text = JSON.stringify([name, uid, standings.get(name) ?? null]);
      const generation = createHmac('sha256', key).update(text).digest('base64url').slice(0, 22);
      found.set(name, { name, generation, owner: rule.owner });
      if (found.size >= maxSystemAccounts) break;
    }
    return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  return () => {
    const day = Math.floor(now() / 86_400_000);
    const version = [day, ...['passwd', 'group', 'shadow'].map((n) => fileVersion(path(n)))].join();
    if (version === seen) return accounts;
    seen = version;
    try {
      accounts = read();
    } catch (error) {
      onProblem(`the system’s users cannot be read: ${(error as Error).message}`);
    }
    return accounts;
  };
}

/** Sentences on rules that name nobody now, or give users to nobody. */
export function faultsOfRules(
  rules: readonly SystemUserRule[],
  isReseller: (name: string) => boolean,
  groupFile = '/etc/group',
): string[] {
  const groups = parseGroups(readIfAllowed(groupFile));
  return rules.flatMap(({ match, owner }) => [
    ...(match.kind === 'group' && !groups.has(match.group)
      ? [`--system-users: this system has no group ${JSON.stringify(match.group)} now`]
      : []),
    ...(owner !== null && !isReseller(owner)
      ? [
          `--system-users: there is no reseller ${JSON.stringify(owner)} now, so its users are nobody’s`,
        ]
      : []),
  ]);
}

function readIfAllowed(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'ENOENT') return '';
    throw error;
  }
}

/** Which rule a user's accounts come from: the first that matches. */
function createMatcher(rules: readonly SystemUserRule[], groupText: string) {
  const groups = parseGroups(groupText);
  return (name: string, uid: number, gid: number | null) =>
    rules.find(({ match }) => {
      if (match.kind === 'uids') return uid >= match.from && uid <= match.to;
      const group = groups.get(match.group);
      return group !== undefined && (group.gid === gid || group.members.has(name));
    });
}
