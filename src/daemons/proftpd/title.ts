import { isIP } from 'node:net';
import type { Role } from '../driver.ts';
import { directionOf } from './direction.ts';

/** Of every title. */
export const titlePrefix = 'proftpd: ';
const ofMaster = 'proftpd: (accepting connections)';
const helpers: readonly string[] = ['proftpd: (listening for SNMP packets)'];
/** Of every session, before and after its login, with `ProcessTitles terse`. */
const terse = 'proftpd: processing connection';

/**
 * What a process says that it is by its whole title. Whatever else begins like ProFTPD's titles is a
 * session's: it has the user's name in front and what the client sent behind.
 */
export function roleOf(title: string): Role | null {
  if (!title.startsWith(titlePrefix)) return null;
  if (title === ofMaster) return 'master';
  return helpers.includes(title) ? 'helper' : 'session';
}

/** True when a master has room for its own title, so that its sessions have some for theirs. */
export function setsTitles(masterTitle: string): boolean {
  return masterTitle === ofMaster;
}

/** What a session's title says where no record tells whose it is. */
export type LoginTitle = 'before' | 'unknown';

/**
 * Before the login a title is "connected: NAME (IP:PORT)", then "IP:PORT: COMMAND". Afterwards it
 * begins with the user's name, which can look like either: so nothing says that somebody has.
 */
export function loginTitle(title: string): LoginTitle {
  return clientBeforeLogin(title) === null ? 'unknown' : 'before';
}

/** The client's address of such a title; null for any other. */
export function clientBeforeLogin(title: string): string | null {
  const rest = title.slice(titlePrefix.length);
  const address = /^connected: .* \(([^\s(]+):\d{1,5}\)$/s.exec(rest)?.[1] ?? endpointOf(rest);
  return address !== undefined && isIP(address) !== 0 ? address : null;
}

function endpointOf(text: string): string | undefined {
  return /^([0-9a-fA-F.:]{2,45}):\d{1,5}: [A-Z]/.exec(text)?.[1];
}

/** What of a record a title is held against. */
export interface TitleAnchor {
  /** Cut at 31 bytes. */
  readonly user: string;
  /** Cut at 79 bytes. */
  readonly clientName: string;
  /** "idle" or a command in capitals; a later answer may have left another one than the running. */
  readonly command: string;
  readonly argument: string;
}

/** A session's title after its login. */
export interface SessionTitle {
  /** The whole name. */
  readonly user: string;
  /** In capitals; "IDLE" when it waits. */
  readonly command: string;
  readonly argument: string;
}

/**
 * Reads "USER - NAME: COMMAND ARGUMENT" by what the record says of the session: the record's user has
 * to stand in front, and " - NAME: " behind it. A user's name may hold any of this, and so may an
 * argument, which the client chooses as it does a command after it: so where the record has cut the
 * name, there must be one place alone. Null where the title does not tell, as where it was cut or is
 * terse.
 */
export function parseSessionTitle(title: string, anchor: TitleAnchor): SessionTitle | null {
  if (!title.startsWith(titlePrefix) || title === terse) return null;
  const text = title.slice(titlePrefix.length);
  const user = withoutCutCharacter(anchor.user, maxUserBytes);
  if (!text.startsWith(user)) return null;
  const [place, ...others] = placesBehind(text, user.length, anchor);
  if (place === undefined || others.length > 0) return null;
  const command = commandOf(text.slice(place.to), anchor);
  return command === null ? null : { user: text.slice(0, place.from), ...command };
}

/** Where " - NAME: " stands, behind the user's name as far as the record has it. */
function placesBehind(text: string, first: number, anchor: TitleAnchor): Place[] {
  const separator = ` - ${withoutCutCharacter(anchor.clientName, maxClientNameBytes)}`;
  const isNameCut = isMaybeCut(anchor.clientName, maxClientNameBytes);
  const found: Place[] = [];
  for (let at = text.indexOf(separator, first); at >= 0; at = text.indexOf(separator, at + 1)) {
    if (at > first && !isMaybeCut(anchor.user, maxUserBytes)) break;
    const behind = text.slice(at + separator.length);
    const end = isNameCut ? behind.indexOf(': ') : behind.startsWith(': ') ? 0 : -1;
    if (end >= 0) found.push({ from: at, to: at + separator.length + end + 2 });
  }
  return found;
}

interface Place {
  readonly from: number;
  readonly to: number;
}

/** What ProFTPD puts into its record of these two. */
export const maxUserBytes = 31;
const maxClientNameBytes = 79;
export const maxArgumentBytes = 78;

/**
 * ProFTPD cuts a text in front of a character that does not fit, which has four bytes at most. Bytes that
 * are no UTF-8 are U+FFFD, of as many bytes as stand for one at most.
 */
export function isMaybeCut(text: string, maxBytes: number): boolean {
  return Buffer.byteLength(text) > maxBytes - 4;
}

/**
 * Of a character that was cut in its middle U+FFFD is left. It stays in a text that is not cut: else
 * "caf" and a byte that is no UTF-8 would be another's login "caf".
 */
export function withoutCutCharacter(text: string, maxBytes: number): string {
  return isMaybeCut(text, maxBytes) ? withoutBrokenEnd(text) : text;
}

/** The text up to the U+FFFD in which it ends; an expression would begin anew at each of those within it. */
export function withoutBrokenEnd(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\uFFFD') end -= 1;
  return text.slice(0, end);
}

type Command = Pick<SessionTitle, 'command' | 'argument'>;

/**
 * "COMMAND ARGUMENT". Behind an anonymous login's name stands "anonymous/TEXT: ", with what the
 * client typed as its password: there the command is where the record says, unless that has an
 * answer's that came in the midst of a transfer.
 */
function commandOf(text: string, { command, argument }: TitleAnchor): Command | null {
  const isAnonymous = text.startsWith('anonymous/');
  if (!isAnonymous) return split(text);
  const isIdle = command === 'idle' || command === '';
  if (!isIdle && directionOf(command) === null) return null;
  const wanted = isIdle
    ? ': IDLE'
    : `: ${command} ${withoutCutCharacter(argument, maxArgumentBytes)}`;
  const at = text.lastIndexOf(wanted.trimEnd());
  return at < 0 ? null : split(text.slice(at + 2));
}

function split(text: string): Command | null {
  const match = /^([A-Z]{3,}(?:_[A-Z]+)*|scp)(?: (.*))?$/s.exec(text);
  if (match?.[1] === undefined) return null;
  return { command: match[1], argument: match[2] ?? '' };
}

/**
 * The same of a session without a record, by the peer's address: null where the title does not have
 * " - ADDRESS: " or " - NAME: " behind a user exactly once. An anonymous client's own text stands in front of
 * the command, so that is "" then.
 */
export function parseUnrecordedTitle(title: string, address: string | null): SessionTitle | null {
  if (!title.startsWith(titlePrefix) || title === terse) return null;
  const text = title.slice(titlePrefix.length);
  const [place, ...others] = placesOf(text, address);
  if (place === undefined || others.length > 0) return null;
  const user = text.slice(0, place.from);
  const rest = text.slice(place.to);
  if (rest.startsWith('anonymous/')) return { user, command: '', argument: '' };
  const command = split(rest);
  return command === null ? null : { user, ...command };
}

function placesOf(text: string, address: string | null): Place[] {
  const separator = ` - ${address}: `;
  const pattern = / - [^\s:]+: /g;
  const found = [...text.matchAll(pattern)].map(({ index, 0: { length } }) => ({
    from: index,
    to: index + length,
  }));
  if (address === null || !address.includes(':')) return found;
  const from = text.indexOf(separator);
  return from < 0 ? found : [...found, { from, to: from + separator.length }];
}
