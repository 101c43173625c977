import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { MetricsTokenPlace } from '../config/config.ts';
import { groupIdOf } from '../os/users/system-groups.ts';
import { hashOfToken } from './bearer.ts';

/** RFC 6750, 2.1 (b64token), of a length that nobody guesses. */
const tokenForm = /^[A-Za-z0-9._~+/-]{32,512}=*$/;

/**
 * The hash of the token in a file, which is made when it is not there: mode 0600, or 0640 and of the
 * group. Throws, in words for the administrator, when it cannot be read or made, and when others can
 * read or change it.
 */
export function openMetricsToken(place: MetricsTokenPlace): string {
  const gid = place.group === null ? null : groupIdOf(place.group, '--metrics-token-group');
  try {
    return hashOfToken(read(place.path, gid) ?? make(place, gid));
  } catch (error) {
    throw new Error(`The token of the metrics cannot be had: ${(error as Error).message}`);
  }
}

/** Null when there is no file. */
function read(path: string, gid: number | null): string | null {
  const fd = openExisting(path);
  if (fd === null) return null;
  try {
    const stat = fstatSync(fd);
    const { uid, mode } = stat;
    if (!stat.isFile()) throw new Error(`${path} is no regular file`);
    if (uid !== 0 && uid !== process.geteuid?.()) {
      throw new Error(`${path} belongs to another user (uid ${uid})`);
    }
    if ((mode & 0o027) !== 0) {
      const rights = (mode & 0o777).toString(8);
      throw new Error(
        `${path} is open to others (mode ${rights}); remove it, and the next start makes another`,
      );
    }
    if (gid !== null && (stat.gid !== gid || (mode & 0o040) === 0)) giveToGroup(fd, gid);
    const token = readFileSync(fd, 'utf8').trim();
    if (!tokenForm.test(token)) throw new Error(`${path} holds no token of 32 characters or more`);
    return token;
  } finally {
    closeSync(fd);
  }
}

/** Waits for nobody, should it be a pipe, and follows no link. */
function openExisting(path: string): number | null {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  try {
    return openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** It appears whole, with the rights that it keeps; of two starts at once one makes it. */
function make({ path, directoryMode }: MetricsTokenPlace, gid: number | null): string {
  mkdirSync(dirname(path), { recursive: true, mode: directoryMode });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  const fd = openSync(draft, O_WRONLY | O_CREAT | O_EXCL, 0o600);
  try {
    if (gid !== null) giveToGroup(fd, gid);
    writeSync(fd, `${randomBytes(32).toString('base64url')}\n`);
    fsyncSync(fd);
    linkUnlessThere(draft, path);
  } finally {
    closeSync(fd);
    rmSync(draft, { force: true });
  }
  const token = read(path, gid);
  if (token === null) throw new Error(`${path} is gone again`);
  return token;
}

function linkUnlessThere(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** The group first: in another one nobody is to read it. */
function giveToGroup(fd: number, gid: number): void {
  fchownSync(fd, -1, gid);
  fchmodSync(fd, 0o640);
}
