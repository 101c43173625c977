import { commandText } from '../command-text.ts';
import type { Candidate } from '../driver.ts';
import { excludesGuests } from './configuration.ts';
import { parseTitle } from './title.ts';

/** The only name of a uid among this host's users, or null. */
export type NameOf = (uid: number) => string | null;

/**
 * The login of a session: by its title where that has but one reading, or one that is its system
 * user's name; without titles the name of its system user, unless it may be a guest, who runs under
 * another's uid. Null where that cannot be told.
 */
export function userOf(
  { process, master, setsTitles }: Candidate,
  nameOf: NameOf,
  hasNoGuests = excludesGuests,
): string | null {
  if (!setsTitles) {
    return master !== null && hasNoGuests(master) ? nameOf(process.uid) : null;
  }
  const title = parseTitle(process.title);
  if (title?.kind !== 'session') return null;
  const [only, ...others] = title.users;
  if (only === undefined) return null;
  if (others.length === 0 && !only.includes('?')) return only;
  const name = nameOf(process.uid);
  return name !== null && title.users.includes(asTitled(name)) ? name : null;
}

/** What a session's title says that it carries out, if it has but one reading beside that user's. */
export function commandOf({ process, setsTitles }: Candidate, user: string | null): string | null {
  const title = setsTitles ? parseTitle(process.title) : null;
  if (title?.kind !== 'session') return null;
  const at = title.users.length === 1 ? 0 : title.users.indexOf(asTitled(user ?? ''));
  const [command = '', ...rest] = title.commands[at]?.split(' ') ?? [];
  return commandText(command, rest.join(' '));
}

/** How a title has a name: each byte that is no printable ASCII as a question mark. */
function asTitled(name: string): string {
  return Buffer.from(name)
    .toString('latin1')
    .replace(/[^ -~]/g, '?');
}
