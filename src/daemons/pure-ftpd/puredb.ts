/** A user of a puredb, without its password. */
export interface PureDbUser {
  readonly user: string;
  readonly uid: number;
  readonly home: string;
  readonly quotaBytes: number | 'unlimited';
}

const magic = 'PDB2';
const buckets = 256;

/**
 * The users of a puredb, as pure-pw(1) writes it: four bytes of magic, the places of 256 lists and of their end,
 * the lists, in which four bytes stand for an empty one and else each entry is a hash and a place, and at each
 * place a key and its content with their lengths. Numbers are big-endian. Null for what is no puredb.
 */
export function parsePureDb(bytes: Buffer): PureDbUser[] | null {
  if (bytes.toString('latin1', 0, 4) !== magic) return null;
  try {
    const users: PureDbUser[] = [];
    // Each entry has eight bytes of its own and what it points to: lists of a spoilt file may lie in each other.
    let entriesLeft = bytes.length / 16;
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      const from = bytes.readUInt32BE(4 + 4 * bucket);
      const to = bytes.readUInt32BE(8 + 4 * bucket);
      if (to > bytes.length) throw new RangeError('a list ends behind the file');
      for (let at = from; at + 8 <= to; at += 8) {
        entriesLeft -= 1;
        if (entriesLeft < 0) return null;
        const [user, next] = readText(bytes, bytes.readUInt32BE(at + 4));
        const [content] = readText(bytes, next);
        const parsed = parseContent(user, content);
        if (parsed !== null) users.push(parsed);
      }
    }
    return users;
  } catch (error) {
    // A place or a length outside the file.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function readText(bytes: Buffer, at: number): [text: string, next: number] {
  const from = at + 4;
  const to = from + bytes.readUInt32BE(at);
  if (to > bytes.length) throw new RangeError('a text ends behind the file');
  return [bytes.toString('utf8', from, to), to];
}

/** pure-pw(8): password, uid, gid, gecos, home, four of bandwidth and ratio, sessions, files, bytes, … */
function parseContent(user: string, content: string): PureDbUser | null {
  const [, uid = '', , , home = '', , , , , , , size = ''] = content.split(':');
  if (user === '' || !/^\d{1,10}$/.test(uid)) return null;
  const quotaBytes = /^\d{1,15}$/.test(size) && Number(size) > 0 ? Number(size) : 'unlimited';
  // What stands behind "/./" is where a session begins below its root.
  return { user, uid: Number(uid), home: home.replace(/\/\.\/.*$/, '') || '/', quotaBytes };
}
