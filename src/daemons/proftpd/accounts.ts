import type { Process } from '../../os/processes/process-table.ts';
import { listRootsFolder, readRootsFile } from '../../os/roots-file.ts';
import { parsePasswdUsers } from '../../os/users/passwd-homes.ts';
import type { DaemonAccounts } from '../driver.ts';
import { everySystemUser } from '../system-users-let-in.ts';

const maxBytes = 64 * 1024 * 1024;
const maxFiles = 200;

type Fault = DaemonAccounts['faults'][number];

/**
 * The accounts of a ProFTPD by each AuthUserFile (mod_auth_file) of its configuration: that of `-c` among what
 * its title has left of its arguments, else the first of `paths` that can be read.
 */
export function readAccounts(
  masters: readonly Process[],
  paths: readonly string[],
): DaemonAccounts {
  const faults = new Set<Fault>();
  const named = masters.flatMap(({ argumentsLeft = [] }) => configurationOf(argumentsLeft));
  const lines = named.length > 0 ? linesOf(named, faults) : linesOfFirst(paths, faults);
  if (lines.length === 0) {
    if (faults.size === 0) faults.add('place-unknown');
    return { accounts: [], faults: [...faults], systemUsers: null };
  }
  const files = new Set(lines.flatMap((line) => firstValueOf(line, 'AuthUserFile')));
  const orders = lines.flatMap((line) => valuesOf(line, 'AuthOrder'));
  if (lines.some((line) => /^\s*(?:SQL|LDAP)\w+\s/i.test(line))) faults.add('elsewhere');
  const accounts = [...files].flatMap((file) => {
    const bytes = readRootsFile(file, maxBytes);
    if (typeof bytes === 'string') {
      faults.add(bytes);
      return [];
    }
    return parsePasswdUsers(bytes.toString('utf8')).map(({ name, uid, home }) => ({
      user: name,
      uid,
      home,
      quotaBytes: null,
    }));
  });
  const isOfSystem = (order: string) => /^mod_auth_(?:unix|pam)\b/.test(order);
  const takesSystemUsers = orders.length === 0 || orders.some(isOfSystem);
  // Of several, for hosts and folders, one that asks for no shell is enough.
  const needsShell = !lines.some((line) => /^(?:off|no|false|0)$/i.test(firstOf(line)));
  return {
    accounts,
    faults: [...faults],
    systemUsers: takesSystemUsers ? { ...everySystemUser, needsShell } : null,
  };
}

function firstOf(line: string): string {
  return valuesOf(line, 'RequireValidShell')[0] ?? '';
}

function configurationOf(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    const joined = /^--config=(.+)$/s.exec(arg)?.[1] ?? /^-c(.+)$/s.exec(arg)?.[1];
    if (joined !== undefined) return [joined];
    return arg === '-c' || arg === '--config' ? [args[index + 1] ?? ''] : [];
  });
}

function linesOfFirst(paths: readonly string[], faults: Set<Fault>): string[] {
  for (const path of paths) {
    const found = new Set<Fault>();
    const lines = linesOf([path], found);
    // One that is there and not to be believed is not made up for by another.
    if (lines.length === 0 && !found.has('untrusted')) continue;
    for (const fault of found) faults.add(fault);
    return lines;
  }
  return [];
}

/** The lines of these files and of those that they include, up to a bound. */
function linesOf(files: readonly string[], faults: Set<Fault>): string[] {
  const lines: string[] = [];
  const waiting = [...files];
  for (let read = 0; waiting.length > 0 && read < maxFiles; read += 1) {
    const bytes = readRootsFile(waiting.shift() ?? '', 1024 * 1024);
    if (typeof bytes === 'string') {
      faults.add(bytes);
      continue;
    }
    for (const line of bytes.toString('utf8').split('\n')) {
      lines.push(line);
      waiting.push(...firstValueOf(line, 'Include').flatMap((path) => included(path, faults)));
    }
  }
  if (waiting.length > 0) faults.add('unreadable');
  return lines;
}

/** A file, all files of a folder, or those whose name fits a pattern with "*" in its last part. */
function included(path: string, faults: Set<Fault>): string[] {
  const [, folder = '', pattern = ''] = /^(.*)\/([^/]*)$/s.exec(path) ?? [];
  if (pattern !== '' && !pattern.includes('*')) {
    const names = listRootsFolder(path);
    return typeof names === 'string' ? [path] : names.map((name) => `${path}/${name}`);
  }
  const names = listRootsFolder(folder);
  if (typeof names === 'string') {
    faults.add(names);
    return [];
  }
  const [begin = '', ...rest] = pattern.split('*');
  const end = rest.at(-1) ?? '';
  const fits = (name: string) => name.startsWith(begin) && name.endsWith(end);
  return names.filter(fits).map((name) => `${folder}/${name}`);
}

function firstValueOf(line: string, directive: string): string[] {
  return valuesOf(line, directive).slice(0, 1);
}

/** What stands behind a directive, whose case does not count; quotes keep blanks together. */
function valuesOf(line: string, directive: string): string[] {
  const [, name = '', rest = ''] = /^\s*(\w+)\s+(.*)$/.exec(line) ?? [];
  if (name.toLowerCase() !== directive.toLowerCase()) return [];
  return Array.from(
    rest.matchAll(/"([^"]*)"|(\S+)/g),
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
}
