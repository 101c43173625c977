import type { Process } from '../../os/processes/process-table.ts';
import { readRootsFile } from '../../os/roots-file.ts';
import type { DaemonAccounts } from '../driver.ts';
import { everySystemUser } from '../system-users-let-in.ts';
import { setsTitles } from './title.ts';

const maxBytes = 1024 * 1024;

/** Where vsftpd has the names that userlist_enable is about, unless told otherwise. */
const defaultUserList = '/etc/vsftpd.user_list';

type Fault = DaemonAccounts['faults'][number];
type Settings = ReadonlyMap<string, string>;

/**
 * Whom a vsftpd lets in by its settings: those of the files and options that it was started with, where its title
 * has left them, else those of the first of `paths` that is there. It has no accounts of its own: guests are in
 * whatever PAM asks.
 */
export function readAccounts(
  masters: readonly Process[],
  paths: readonly string[],
): DaemonAccounts {
  const faults = new Set<Fault>();
  const found = masters.map((master) => settingsOf(master, paths, faults));
  const letIn = found.flatMap((settings) => {
    if (settings === null || !isOn(settings, 'local_enable')) return [];
    if (isOn(settings, 'guest_enable')) {
      faults.add('elsewhere');
      return [];
    }
    return namesLetIn(settings, faults) ?? [];
  });
  const isNamed = (name: string) => letIn.some((isIn) => isIn(name));
  const systemUsers = letIn.length === 0 ? null : { ...everySystemUser, isNamed };
  return { accounts: [], faults: [...faults], systemUsers };
}

/** Null where they cannot be told. */
function settingsOf(
  { title, argumentsLeft = [] }: Process,
  paths: readonly string[],
  faults: Set<Fault>,
): Settings | null {
  // One that sets titles writes them over its arguments.
  const given = setsTitles(title) ? [] : argumentsLeft;
  const files = given.filter((each) => !each.startsWith('-'));
  const options = given.filter((each) => each.startsWith('-o')).map((each) => each.slice(2));
  const lines: string[] = [];
  let fault: Fault = 'place-unknown';
  for (const path of files.length > 0 ? files : paths) {
    const bytes = readRootsFile(path, maxBytes);
    if (typeof bytes === 'string') {
      // Of the usual places those that are not there are passed over.
      if (files.length > 0 || bytes === 'untrusted') fault = bytes;
      continue;
    }
    lines.push(...bytes.toString('utf8').split('\n'));
    if (files.length === 0) break;
  }
  if (lines.length === 0) {
    faults.add(fault);
    return null;
  }
  // The last one counts (vsftpd.conf(5)); names are in small letters.
  return new Map(
    [...lines, ...options].flatMap((line) => {
      const [, name = '', value = ''] = /^([a-z_\d]+)=(.*)$/.exec(line.trimEnd()) ?? [];
      return name === '' ? [] : [[name, value] as const];
    }),
  );
}

/** Which names userlist_enable and userlist_deny leave; null where the list cannot be read. */
function namesLetIn(settings: Settings, faults: Set<Fault>): ((name: string) => boolean) | null {
  if (!isOn(settings, 'userlist_enable')) return () => true;
  const bytes = readRootsFile(settings.get('userlist_file') || defaultUserList, maxBytes);
  if (typeof bytes === 'string') {
    faults.add(bytes);
    return null;
  }
  const names = new Set(
    bytes
      .toString('utf8')
      .split('\n')
      .map((line) => line.trim()),
  );
  const isDenied = isOn(settings, 'userlist_deny', true);
  return (name) => names.has(name) !== isDenied;
}

/** vsftpd takes YES, TRUE and 1 in any case. */
function isOn(settings: Settings, name: string, otherwise = false): boolean {
  const value = settings.get(name);
  return value === undefined ? otherwise : /^(?:yes|true|1)$/i.test(value);
}
