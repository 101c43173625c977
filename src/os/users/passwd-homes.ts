import { readFileSync } from 'node:fs';

/** A user of passwd(5). */
export interface PasswdUser {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
  readonly shell: string;
}

/** The users in a text of passwd(5) lines; what is no entry is passed over. */
export function parsePasswdUsers(text: string): PasswdUser[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', , , home = '', shell = ''] = line.split(':');
    const isUser = name !== '' && /^\d{1,10}$/.test(uid);
    return isUser ? { name, uid: Number(uid), home, shell: shell || '/bin/sh' } : [];
  });
}

/** The users of /etc/passwd in its order, each name once; none where it cannot be read. */
export function readPasswdUsers(): readonly PasswdUser[] {
  const users = new Map<string, PasswdUser>();
  for (const user of parsePasswdUsers(readOrNothing('/etc/passwd'))) {
    if (!users.has(user.name)) users.set(user.name, user);
  }
  return [...users.values()];
}

/** The shells that a user may have who logs in (shells(5)); the C library's own two without the file. */
export function readLoginShells(): ReadonlySet<string> {
  const lines = readOrNothing('/etc/shells').split('\n');
  const shells = lines.map((line) => line.trim()).filter((line) => line.startsWith('/'));
  return new Set(shells.length > 0 ? shells : ['/bin/sh', '/bin/csh']);
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Homes and users are told where they are known.
    return '';
  }
}
