import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { normalize } from 'node:path';
import type { Process } from '../../os/processes/process-table.ts';

/** What vsftpd reads where it is given no file. */
const defaultFile = '/etc/vsftpd.conf';

/** Where nothing can be mounted but by root, so that reading waits for nobody. */
const roots = ['/etc/', '/usr/local/etc/'];

/** How much later than it was the time of a process' start may be told: the time of boot is reckoned. */
const startToleranceMs = 500;

/** One is some 6 KiB, most of it comments. */
const maxBytes = 256 * 1024;

/** Settings by which a session's user can be another than the name of its uid (vsftpd.conf(5)). */
const ofGuests: readonly string[] = ['guest_enable', 'user_config_dir'];

/**
 * True where it is certain that a listener knows no guests: neither the arguments that it was started
 * with nor the files that these name set any up, and the files have not been changed since it began.
 * Only of a listener that sets no titles, as it writes those over its arguments.
 */
export function excludesGuests(master: Process): boolean {
  const { title, argumentsLeft, startedAtMs } = master;
  // Without room for a title it has written nothing over its arguments, and yet they are gone.
  if (title === '' || argumentsLeft === undefined || startedAtMs === null) return false;
  const options = argumentsLeft.filter((each) => each.startsWith('-'));
  if (options.some((each) => !/^-[ov]/.test(each))) return false;
  const files = argumentsLeft.filter((each) => !each.startsWith('-'));
  const settings = options.map((each) => each.slice(2));
  for (const file of files.length === 0 ? [defaultFile] : files) {
    const text = readUnchanged(file, startedAtMs - startToleranceMs);
    if (text === null) return false;
    settings.push(...text.split('\n'));
  }
  return !settings.some(allowsGuests);
}

/** Of a line `NAME=VALUE`; whatever is not understood allows them. */
export function allowsGuests(line: string): boolean {
  const [, name = '', value = ''] = /^\s*([^=]*)=?(.*)$/s.exec(line) ?? [];
  if (!ofGuests.includes(name.trim().toLowerCase())) return false;
  return !/^(?:NO|FALSE|0)?$/i.test(value.trim());
}

/**
 * The text of a file of root's that has not changed since that moment, in milliseconds since the
 * epoch; null otherwise.
 */
function readUnchanged(path: string, sinceMs: number): string | null {
  if (normalize(path) !== path || !roots.some((root) => path.startsWith(root))) return null;
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch {
    return null;
  }
  try {
    const file = fstatSync(fd);
    const { uid, ctimeMs, size } = file;
    if (!file.isFile() || uid !== 0 || ctimeMs >= sinceMs || size > maxBytes) return null;
    const bytes = Buffer.alloc(size);
    return readSync(fd, bytes, 0, size, 0) === size ? bytes.toString('latin1') : null;
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}
