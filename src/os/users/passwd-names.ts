import { readFileSync } from 'node:fs';
import { fileVersion } from '../../state/file-version.ts';
import { parsePasswd } from './system-users.ts';

/**
 * Tells the one name of a uid in passwd(5), read again when the file has changed; null where it has
 * none or several, or the file cannot be read. Directories are not asked: that can take seconds.
 */
export function createPasswdNames(passwdFile = '/etc/passwd'): (uid: number) => string | null {
  let seen = '';
  let names: ReadonlyMap<number, string | null> = new Map();
  return (uid) => {
    try {
      const version = fileVersion(passwdFile);
      if (version !== seen) {
        names = onlyNames(parsePasswd(readFileSync(passwdFile, 'utf8')));
        seen = version;
      }
    } catch {
      return null;
    }
    return names.get(uid) ?? null;
  };
}

function onlyNames(uids: ReadonlyMap<string, number>): ReadonlyMap<number, string | null> {
  const names = new Map<number, string | null>();
  for (const [name, uid] of uids) names.set(uid, names.has(uid) ? null : name);
  return names;
}
