import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { fileVersion } from '../../state/file-version.ts';
import { createDirectoryNames } from './directory-names.ts';
import { getentTimeoutMs, parseEntries } from './entries.ts';
import { isSystemUserName } from './system-user-name.ts';

/** getent(1): "one or more supplied key could not be found in the database". */
const getentNotFound = 2;

/** Names of 32 bytes are far from the longest command line. */
const maxNamesAtOnce = 1000;

/** The system's users by name. */
export interface SystemUsers {
  /** The uid of that user, or null when the system has no such user. */
  uidOf(name: string): Promise<number | null>;
  /** The names of users, by uid. One that has no name, or whose name cannot be found, is absent. */
  namesOf(uids: readonly number[]): Promise<ReadonlyMap<number, string>>;
}

/** System users as they were at the last refresh. */
export interface RefreshedSystemUsers extends SystemUsers {
  /** Reads passwd(5) again if it has changed. That it cannot be read `uidOf` tells. */
  refresh(): void;
  /** The uids of those of the names that the system has, asking for many at once. */
  uidsOf(names: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Grows with every change that a refresh finds. */
  revision(): number;
}

/**
 * The users of passwd(5), read at each `refresh` when the file has changed, and beyond them those
 * that getent(1) finds, as hosts keep users in directories too. `uidOf` rejects when getent fails or
 * takes longer than five seconds: that a user could not be looked up does not mean that there is
 * none.
 */
export function createSystemUsers(
  passwdFile = '/etc/passwd',
  getent = 'getent',
): RefreshedSystemUsers {
  const directoryNames = createDirectoryNames(async (uids) =>
    namesByUid(parsePasswd(await askGetent(getent, uids.map(String)))),
  );
  let seen = '';
  let loads = 0;
  let names: ReadonlyMap<number, string> = new Map();
  let uids: ReadonlyMap<string, number> = new Map();

  function load(): void {
    const version = fileVersion(passwdFile);
    if (version === seen) return;
    uids = version === 'absent' ? new Map() : parsePasswd(readFileSync(passwdFile, 'utf8'));
    names = namesByUid(uids);
    seen = version;
    loads += 1;
  }

  return {
    refresh() {
      try {
        load();
      } catch {
        // What was known no longer counts, which is a change.
        if (seen !== '') loads += 1;
        seen = '';
      }
    },
    revision: () => loads,
    async uidOf(name) {
      if (!isSystemUserName(name)) return null;
      if (seen === '') load();
      const known = uids.get(name);
      if (known !== undefined) return known;
      // Callers of one turn share the answer, so nothing is asked before it is over.
      await setImmediate();
      return parsePasswd(await askGetent(getent, [name])).get(name) ?? null;
    },
    async uidsOf(wanted) {
      if (seen === '') load();
      const possible = wanted.filter(isSystemUserName);
      const missing = possible.filter((name) => !uids.has(name));
      const found = new Map<string, number>();
      for (let from = 0; from < missing.length; from += maxNamesAtOnce) {
        const some = missing.slice(from, from + maxNamesAtOnce);
        for (const [name, uid] of parsePasswd(await askGetent(getent, some))) found.set(name, uid);
      }
      const all = possible.map((name) => [name, uids.get(name) ?? found.get(name)] as const);
      return new Map(all.flatMap(([name, uid]) => (uid === undefined ? [] : [[name, uid]])));
    },
    async namesOf(wanted) {
      if (seen === '') load();
      const missing = wanted.filter((uid) => !names.has(uid));
      return missing.length === 0 ? names : new Map([...(await directoryNames(missing)), ...names]);
    },
  };
}

/**
 * The uid of each name in a text of passwd(5) lines. The first line of a name counts, as for the C
 * library; a line that is no entry is passed over.
 */
export function parsePasswd(text: string): ReadonlyMap<string, number> {
  const uids = new Map<string, number>();
  for (const { name, id } of parseEntries(text)) {
    if (isSystemUserName(name) && !uids.has(name)) uids.set(name, id);
  }
  return uids;
}

const byUid = new WeakMap<ReadonlyMap<string, number>, ReadonlyMap<number, string>>();

/** The first name of a uid counts, as for the C library. */
function namesByUid(uids: ReadonlyMap<string, number>): ReadonlyMap<number, string> {
  const known = byUid.get(uids);
  if (known !== undefined) return known;
  const names = new Map<number, string>();
  for (const [name, uid] of uids) if (!names.has(uid)) names.set(uid, name);
  byUid.set(uids, names);
  return names;
}

/**
 * What getent prints for names, as far as it finds them; "" when it is not installed. It takes a
 * name of digits for a uid, so the answer counts only for the name or uid that stands in it.
 */
function askGetent(getent: string, names: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: getentTimeoutMs,
      killSignal: 'SIGKILL',
    } as const;
    execFile(getent, ['passwd', '--', ...names], options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else if (error.code === getentNotFound || error.code === 'ENOENT') resolve(stdout);
      else reject(new Error(`getent passwd failed (${error.signal ?? error.code})`));
    });
  });
}
