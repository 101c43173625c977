import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * The gid of a group of this system. Throws, in words for the administrator, when there is none;
 * `flag` is the one that names it.
 */
export function groupIdOf(name: string, flag: string): number {
  const gid = findIn(readFileSync('/etc/group', 'utf8'), name) ?? findIn(ask(name), name);
  if (gid !== null) return gid;
  throw new Error(`${flag} ${name}: this system has no such group.`);
}

/** Hosts keep groups in directories too. */
function ask(name: string): string {
  try {
    return execFileSync('getent', ['group', '--', name], { encoding: 'utf8', timeout: 5000 });
  } catch {
    return '';
  }
}

/** group(5): name, password, gid, members */
function findIn(text: string, wanted: string): number | null {
  for (const line of text.split('\n')) {
    const [name, , gid = ''] = line.split(':');
    if (name === wanted && /^\d+$/.test(gid)) return Number(gid);
  }
  return null;
}
