import { readlinkSync } from 'node:fs';
import type { Process } from '../../os/processes/process-table.ts';
import { listRootsFolder, readRootsFile } from '../../os/roots-file.ts';
import type { DaemonAccounts } from '../driver.ts';
import { everySystemUser } from '../system-users-let-in.ts';
import { parsePureDb } from './puredb.ts';
import { optionValues } from './tls-option.ts';

/** A hundred thousand users with long homes. */
const maxBytes = 64 * 1024 * 1024;
/** Where Debian's wrapper has the ways to log in, as links to settings (pure-ftpd-wrapper(8)). */
const debian = '/etc/pure-ftpd';

type Fault = DaemonAccounts['faults'][number];

/**
 * The accounts of a pure-ftpd by its own puredb: that of the configuration (`files`), or of `-l puredb:FILE` among
 * what its title has left of its arguments, which is little, else Debian's setting PureDB where it is on.
 */
export function readAccounts(
  masters: readonly Process[],
  files: readonly string[],
): DaemonAccounts {
  const found: DaemonAccounts['accounts'][number][] = [];
  const faults = new Set<Fault>();
  const given = files.map((file) => `puredb:${file}`);
  const ways = new Set([...given, ...masters.flatMap((each) => waysOf(each, faults))]);
  if (ways.size === 0 && faults.size === 0) faults.add('place-unknown');
  for (const way of ways) {
    const [kind = '', file = ''] = /^([^:]*):?(.*)$/s.exec(way)?.slice(1) ?? [];
    if (kind === 'puredb') {
      const bytes = readRootsFile(file, maxBytes);
      const users = typeof bytes === 'string' ? null : parsePureDb(bytes);
      if (users === null) faults.add(typeof bytes === 'string' ? bytes : 'unreadable');
      else for (const user of users) found.push(user);
    } else if (kind !== 'unix' && kind !== 'pam') {
      faults.add('elsewhere');
    }
  }
  const takesSystemUsers = ways.has('unix') || ways.has('pam');
  const systemUsers = takesSystemUsers ? { ...everySystemUser, minUid: minUidOf(masters) } : null;
  return { accounts: found, faults: [...faults], systemUsers };
}

/** That of `-u`, else Debian's setting MinUID; none is asked for without them. */
function minUidOf(masters: readonly Process[]): number {
  const told = masters.flatMap(({ argumentsLeft = [] }) =>
    optionValues(argumentsLeft, 'u', 'minuid'),
  );
  const setting = readRootsFile(`${debian}/conf/MinUID`, 4096);
  const text = told.at(-1) ?? (typeof setting === 'string' ? '' : setting.toString('utf8'));
  return /^\d{1,10}$/.test(text.trim()) ? Number(text) : 1;
}

/** What stands behind -l, e.g. "puredb:/etc/pure-ftpd/pureftpd.pdb" or "unix". */
function waysOf({ argumentsLeft = [] }: Process, faults: Set<Fault>): readonly string[] {
  const told = optionValues(argumentsLeft, 'l', 'login');
  return told.length > 0 ? told : debiansWays(faults);
}

const settingsOfDebian: Readonly<Record<string, string>> = {
  UnixAuthentication: 'unix',
  PAMAuthentication: 'pam',
};

function debiansWays(faults: Set<Fault>): string[] {
  const names = listRootsFolder(`${debian}/auth`);
  if (typeof names === 'string') {
    // Only Debian has such a folder.
    if (names === 'untrusted') faults.add(names);
    return [];
  }
  return names.flatMap((name) => {
    let setting: string;
    try {
      setting =
        /^(?:\.\.\/conf|\/etc\/pure-ftpd\/conf)\/(\w+)$/.exec(
          readlinkSync(`${debian}/auth/${name}`),
        )?.[1] ?? '';
    } catch {
      return [];
    }
    if (setting === '') return [];
    const value = readRootsFile(`${debian}/conf/${setting}`, 4096);
    if (typeof value === 'string') {
      faults.add(value);
      return [];
    }
    const text = value.toString('utf8').trim();
    if (setting === 'PureDB') return [`puredb:${text}`];
    const way = settingsOfDebian[setting];
    if (way === undefined) return [setting];
    return /^(?:yes|1|on)$/i.test(text) ? [way] : [];
  });
}
