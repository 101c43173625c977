import { BlockList, isIP } from 'node:net';
import { normalAddress } from '../lib/client-address.ts';
import type { HistoryQuery, HistoryScope } from '../sessions/history.ts';
import { loginFilter } from '../sessions/scope.ts';
import { formatTime, type SessionLine } from './log-line.ts';

/** Tells of sessions whether they are wanted. */
export interface HistoryFilter {
  /** False where the text of a line tells already that it is none, so that it need not be parsed. */
  mayMatch(text: string): boolean;
  matches(line: SessionLine): boolean;
  /** True where it may be the asker's, and is not only since nothing proved that. */
  isWithheld(line: SessionLine): boolean;
}

/** Makes a filter of a query. Throws RangeError for what is no address and no range. */
export function createFilter(query: HistoryQuery): HistoryFilter {
  const { login, from, since, until } = query;
  const [begin, end] = [since, until].map((time) => (time === null ? null : formatTime(time)));
  const isLogin = login === null ? null : loginFilter([login]);
  const isFrom = from === null ? null : remembered(addressFilter(from));
  const { isOwn, mayBeOwn } = scopeFilter(query.scope);
  const { session = null } = query;
  const words = wordsOf(query);
  const isMeant = (line: SessionLine) =>
    (isLogin === null || (line.user !== null && isLogin(line.user))) &&
    (isFrom === null || (line.address !== null && isFrom(line.address))) &&
    (begin == null || line.ended_at === null || line.ended_at >= begin) &&
    (end == null || line.connected_at === null || line.connected_at <= end) &&
    (session === null || line.id === session);
  return {
    mayMatch: (text) =>
      words.every((word) => text.includes(word)) &&
      (begin == null || mayBe(text, 'ended_at', (time) => time >= begin)) &&
      (end == null || mayBe(text, 'connected_at', (time) => time <= end)) &&
      (isFrom === null || mayBe(text, 'address', isFrom)),
    matches: (line) => isMeant(line) && isOwn(line),
    isWithheld: (line) => mayBeOwn(line) && isMeant(line) && !isOwn(line),
  };
}

/** Tells of a session's line whether it names a file with this text in its path. */
export function hasFile({ files = [] }: SessionLine, text: string): boolean {
  return files.some(({ file }) => file.includes(text));
}

/**
 * Whether a field of a line, whose text needs no escapes, may be one that is wanted; true where it is
 * null. Texts inside of other texts have their quotes escaped, so that what is found is the field.
 */
function mayBe(text: string, key: string, isWanted: (value: string) => boolean): boolean {
  const start = `"${key}":`;
  const at = text.indexOf(start);
  // The field comes before the reason why it is null, which has its name, too.
  const from = at + start.length + 1;
  if (at === -1 || text[from - 1] !== '"') return true;
  return isWanted(text.slice(from, text.indexOf('"', from)));
}

/** What the line of a wanted session has in it, word for word. */
function wordsOf({ login, from, session = null }: HistoryQuery): string[] {
  const words: string[] = [];
  if (login !== null) words.push(JSON.stringify(login.replace(/^\*/, '')).slice(1));
  if (session !== null) words.push(JSON.stringify(session));
  const address = from === null ? null : normalAddress(from);
  // One of IPv6 can be written in several ways.
  if (address !== null && isIP(address) === 4) words.push(address);
  return words;
}

/**
 * A uid that had another name at the time was somebody else's. Root's sessions belong to no account,
 * and one whose owner nobody knows is nobody's by its uid. By its login it is only somebody's where that was
 * proven, as in the list of those that are (src/sessions/scope.ts).
 */
function scopeFilter(scope: HistoryScope): {
  readonly isOwn: (line: SessionLine) => boolean;
  /** By the name that it bears it would be, if anything had proved that. */
  readonly mayBeOwn: (line: SessionLine) => boolean;
} {
  if (scope.kind === 'everybody') return { isOwn: () => true, mayBeOwn: () => false };
  const { logins } = scope;
  const users = new Map(scope.users);
  const names = new Set(scope.users.flatMap(([, each]) => each));
  const isNamed = loginFilter(logins);
  const hasName = ({ owner, user }: SessionLine) => owner !== 0 && user !== null && isNamed(user);
  const isProven = ({ seen, user_proven: proven = seen === 'events' }: SessionLine) => proven;
  return {
    isOwn: (line) => {
      const { owner, owner_name: name } = line;
      if (owner === 0) return false;
      const today = owner === null ? undefined : users.get(owner);
      if (today !== undefined && (name === null || today.includes(name))) return true;
      return isProven(line) && hasName(line);
    },
    // Whose uid it was nobody knows: of such a one an account learns no more than that it bore its own name.
    mayBeOwn: (line) =>
      (!isProven(line) && hasName(line)) ||
      (line.owner === null && line.user !== null && names.has(line.user)),
  };
}

/** Tells of addresses whether they are that one, or in that range. Throws RangeError. */
export function addressFilter(text: string): (address: string) => boolean {
  const [given = '', bits, ...rest] = text.split('/');
  const address = normalAddress(given);
  const isRange = bits === undefined || /^\d{1,3}$/.test(bits);
  if (address === null || given.includes('%') || !isRange || rest.length > 0) {
    throw new RangeError(`${JSON.stringify(text)} is no IP address and no range (ADDRESS/BITS)`);
  }
  if (bits === undefined) return (each) => each === address || normalAddress(each) === address;
  const family = familyOf(address);
  const maxBits = family === 'ipv4' ? 32 : 128;
  if (Number(bits) > maxBits) {
    throw new RangeError(`${JSON.stringify(text)} has more bits than the ${maxBits} of an address`);
  }
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family);
  return (each) => {
    const normal = normalAddress(each);
    return normal !== null && list.check(normal, familyOf(normal));
  };
}

/** The same addresses come again and again. */
function remembered(isWanted: (address: string) => boolean): (address: string) => boolean {
  const known = new Map<string, boolean>();
  return (address) => {
    const answer = known.get(address) ?? isWanted(address);
    if (known.size < maxRemembered) known.set(address, answer);
    return answer;
  };
}

const maxRemembered = 10_000;

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
