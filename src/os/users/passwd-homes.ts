import { readFileSync } from 'node:fs';

/** A user of passwd(5). */
export interface PasswdUser {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/** The users in a text of passwd(5) lines; what is no entry is passed over. */
export function parsePasswdUsers(text: string): PasswdUser[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', , , home = ''] = line.split(':');
    return name !== '' && /^\d{1,10}$/.test(uid) ? { name, uid: Number(uid), home } : [];
  });
}

/** The first user of each uid in /etc/passwd; none where it cannot be read. */
export function readPasswdUsers(): ReadonlyMap<number, PasswdUser> {
  const users = new Map<number, PasswdUser>();
  try {
    for (const user of parsePasswdUsers(readFileSync('/etc/passwd', 'utf8'))) {
      if (!users.has(user.uid)) users.set(user.uid, user);
    }
  } catch {
    // Homes are told where they are known.
  }
  return users;
}
