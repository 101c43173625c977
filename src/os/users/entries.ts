import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One line of passwd(5) or group(5). */
export interface Entry {
  readonly name: string;
  /** The uid of a user, the gid of a group. */
  readonly id: number;
  /** The group of a user; null where the line names none, as those of groups do not. */
  readonly gid: number | null;
}

/** (uid_t)-1 is no user and no group: setuid(2) and chown(2) give it a meaning of its own. */
const maxId = 0xffff_fffe;

/** getent asks directories, which may be down. */
export const getentTimeoutMs = 5_000;

/** The entries in a text of such lines: name, password, id, gid, … What is no entry is passed over. */
export function* parseEntries(text: string): Generator<Entry> {
  for (const line of text.split('\n')) {
    const [name = '', , idText = '', gidText = ''] = line.split(':');
    const [id, gid] = [readId(idText), readId(gidText)];
    if (name !== '' && id !== null) yield { name, id, gid };
  }
}

/**
 * The entry of that name, from the file and, since hosts keep users in directories too, else from
 * getent(1); null when there is none or none was told within five seconds. Throws when the file
 * cannot be read.
 */
export function findEntry(database: 'passwd' | 'group', name: string): Entry | null {
  const named = (text: string) => {
    for (const entry of parseEntries(text)) if (entry.name === name) return entry;
    return null;
  };
  return named(readFileSync(`/etc/${database}`, 'utf8')) ?? named(ask(database, name));
}

function ask(database: string, name: string): string {
  try {
    const options = { encoding: 'utf8', timeout: getentTimeoutMs } as const;
    return execFileSync('getent', [database, '--', name], options);
  } catch {
    return '';
  }
}

function readId(text: string): number | null {
  return /^\d{1,10}$/.test(text) && Number(text) <= maxId ? Number(text) : null;
}
