import { readFileSync } from 'node:fs';
import { findEntry } from '../os/users/entries.ts';

/** The user that the worker becomes. */
export interface RunAs {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The users that serve HTTP when none is named: the package's own, else the system's least one. */
const defaults = ['uapid', 'nobody'];

/**
 * The user that the worker has to become; null when it stays the one it is, as everybody but root
 * does. Throws, in words for the administrator, when the user named does not exist, is root, or is
 * one that only root could become.
 */
export function resolveRunAs(named: string | null): RunAs | null {
  if (process.geteuid?.() === 0) return findUser(named);
  if (named !== null && lookUp(named)?.uid !== process.geteuid?.()) {
    throw new Error(`--run-as ${named}: only root can run the worker as another user.`);
  }
  return null;
}

function findUser(named: string | null): RunAs {
  for (const name of named === null ? defaults : [named]) {
    const user = lookUp(name);
    if (user === null) continue;
    if (user.uid === 0 || user.gid === 0) {
      throw new Error(`--run-as ${name}: the worker must not run as root or in root’s group.`);
    }
    return user;
  }
  throw new Error(
    named === null
      ? `This system has none of the users ${defaults.join(', ')}: name another with --run-as.`
      : `--run-as ${named}: this system has no such user.`,
  );
}

function lookUp(wanted: string): RunAs | null {
  const user = findEntry('passwd', wanted);
  return user === null || user.gid === null
    ? null
    : { name: user.name, uid: user.id, gid: user.gid };
}

/**
 * Whether this Node.js can change its user. One that is linked to the system's own libuv, as Debian's
 * is, refuses every such call, because that library might do work as the user before (CVE-2024-22017).
 */
export function canBecome(): boolean {
  try {
    process.setegid?.(process.getegid?.() ?? 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes this process that user for good: no supplementary group, and with the last set-uid every
 * capability goes too (capabilities(7)). One that was started as that user already stays as it is.
 * Throws if it could still become root.
 */
export function become({ uid, gid }: RunAs): void {
  if (process.getuid?.() !== uid) {
    process.setgroups?.([]);
    process.setgid?.(gid);
    process.setuid?.(uid);
  }
  let isStillRoot = true;
  try {
    process.setuid?.(0);
  } catch {
    isStillRoot = !canBecome() && !isOnly(uid, gid);
  }
  const isOther = process.getuid?.() === uid && process.geteuid?.() === uid;
  if (isStillRoot || !isOther) throw new Error('the rights of root could not be given up');
}

/** Whether the kernel knows no other user of this process, no group and no capability (proc(5)). */
function isOnly(uid: number, gid: number): boolean {
  const status = readFileSync('/proc/self/status', 'utf8');
  const has = (name: string, value: string) =>
    status
      .split('\n')
      .some((line) => line.replace(/\s+/g, ' ').trim() === `${name}: ${value}`.trim());
  const four = (id: number) => Array(4).fill(id).join(' ');
  return (
    has('Uid', four(uid)) &&
    has('Gid', four(gid)) &&
    has('Groups', '') &&
    ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].every((name) => has(name, '0'.repeat(16)))
  );
}
