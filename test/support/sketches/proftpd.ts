import type { DaemonDriver, DaemonRecords, Role } from '../../../src/daemons/driver.ts';
import type { ProcessFiles } from '../../../src/os/processes/process-table.ts';
import type { FtpSession } from '../../../src/sessions/session.ts';

/*
 * A SKETCH of ProFTPD's driver (docs/adding-a-daemon.md): it compiles, and shows what the interface
 * has to carry. It reads nothing and is in no list.
 */

/** struct of the scoreboard, as far as it is used: one file holds an entry for each session. */
interface Entry {
  readonly pid: number;
  /** "(none)" before login. */
  readonly user: string;
  readonly command: string;
}

type Record = { readonly kind: 'entry'; readonly entry: Entry } | { readonly kind: 'missing' };

/** Opens the one file through the descriptor of a session: no path is followed. */
declare function readScoreboard(pid: number, files: ProcessFiles | null): readonly Entry[] | null;
declare function entryPids(path: string): readonly number[];
declare function holdsScoreboard(
  pid: number,
  path: string,
  files: ProcessFiles | null,
): boolean | null;
/** Puts a row together from title and entry. */
declare function compose(title: string, entry: Entry): FtpSession;

function openRecords(path: string, files: ProcessFiles | null): DaemonRecords<Record> {
  return {
    pids: () => entryPids(path),
    has: (pid) => entryPids(path).includes(pid),
    isHeldBy: ({ pid }) => holdsScoreboard(pid, path, files),
    open: () => {
      // One file for all: read once a scan, whichever session comes first.
      let entries: readonly Entry[] | null = null;
      return {
        read: ({ process: { pid } }) => {
          entries ??= readScoreboard(pid, files) ?? [];
          const entry = entries.find((each) => each.pid === pid);
          return entry === undefined ? { kind: 'missing' } : { kind: 'entry', entry };
        },
      };
    },
  };
}

function roleOf(title: string): Role | null {
  if (!title.startsWith('proftpd: ')) return null;
  if (title === 'proftpd: (accepting connections)') return 'master';
  return title === 'proftpd: (listening for SNMP packets)' ? 'helper' : 'session';
}

export const proftpdSketch: DaemonDriver<Record> = {
  description: {
    name: 'proftpd',
    info: { name: 'proftpd', supports: { login_without_domain: 1, quota: 0 } },
    settings: [
      {
        key: 'proftpdScoreboard',
        value: 'FILE',
        help: "ProFTPD's scoreboard",
        defaultPaths: ['/run/proftpd.scoreboard', '/var/proftpd.scoreboard'],
      },
    ],
    gaps: { 'proftpd-record-missing': (count) => `ProFTPD has no record of ${count} sessions.` },
  },
  endSignal: 'SIGTERM',
  // Its master's ids are 0 D 0 D: the effective uid is that of the directive User.
  masterIds: 'real-root',
  generations: 1,
  looksLike: ({ executablePath, name }) => /(?:^|\/)(?:in\.)?proftpd$/.test(executablePath ?? name),
  roleOf,
  setsTitles: () => true,
  // A session logged in has A A A A, or 0 A 0 A where RootRevoke is off: real and effective uid
  // differ, and the effective one is its owner. Before the login both are its master's.
  mayPrecedeLogin: ({ process, parent }) =>
    process.realUid === 0 && (parent === null || process.uid === parent.uid),
  loginOf: (record) => {
    if (record.kind === 'missing') return 'unknown';
    return record.entry.user === '(none)' ? 'before' : 'after';
  },
  openRecords: ({ proftpdScoreboard: [path = ''] = [] }, { files }) => openRecords(path, files),
  // The title is right before the record's command is: STAT during a transfer leaves the latter wrong.
  observe: ({ process: { title }, needsRecord }, record) => {
    if (record.kind === 'entry') {
      return { isConsistent: true, session: compose(title, record.entry), gaps: [] };
    }
    // A record can be kept from a session by whoever locks the file: none does not mean no session.
    const gaps = needsRecord ? ['session-unproven'] : ['proftpd-record-missing'];
    return { isConsistent: true, session: null, gaps };
  },
  // The title changes with every command, and the record is 624 bytes of a file for all.
  follow: () => null,
};
