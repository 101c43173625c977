import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { pureFtpdPrograms } from '../daemons.ts';
import { writeConfiguration } from '../proftpd/configuration.ts';
import { proftpdPrograms } from '../proftpd/programs.ts';
import { sandboxFolder } from '../users.ts';
import { type VirtualUser, writePureDb } from '../virtual-users.ts';
import { vsftpdProgram } from '../vsftpd/programs.ts';
import { vsftpdConfiguration } from '../vsftpd/settings.ts';
import { type DaemonCommand, ownFolder } from './container.ts';

export interface ContainedOptions {
  readonly virtualUsers: readonly VirtualUser[];
  /** The uid of this host that is root's there. */
  readonly root: number;
  /** Further arguments of pure-ftpd. */
  readonly args?: readonly string[];
}

/** The daemons that can be started in a container, each of copies that every uid may read. */
export const containedDaemons: Readonly<
  Record<string, (options: ContainedOptions) => Promise<DaemonCommand>>
> = { 'pure-ftpd': containedPureFtpd, proftpd: containedProftpd, vsftpd: containedVsftpd };

async function containedPureFtpd({
  virtualUsers,
  args = [],
}: ContainedOptions): Promise<DaemonCommand> {
  const programs = await pureFtpdPrograms();
  const folder = makeFolder();
  const pureFtpd = copyProgram(programs.pureFtpd, folder);
  const libraries = copyLibraries(Object.values({ ...programs.env }), folder);
  const database = writePureDb(programs, folder, virtualUsers);
  chmodSync(database, 0o644);
  const settings = [
    '-E',
    '-A',
    '-u',
    '100',
    '-I',
    '120',
    '-H',
    '-l',
    `puredb:${database}`,
    ...args,
  ];
  return {
    command: (port) => [pureFtpd, '-S', `127.0.0.1,${port}`, ...settings],
    env: libraries,
  };
}

async function containedProftpd({ virtualUsers, root }: ContainedOptions): Promise<DaemonCommand> {
  const folder = makeFolder();
  const programs = await proftpdPrograms('own', folder);
  const proftpd = copyProgram(programs.proftpd, folder);
  const libraries = copyLibraries(programs.libraries, folder);
  return {
    command: (port) => {
      const options = {
        virtualUsers,
        scoreboardFile: join(ownFolder, 'proftpd.scoreboard'),
        throttle: 1,
        lines: [`PidFile ${join(ownFolder, 'pid')}`, `SystemLog ${join(ownFolder, 'log')}`],
      };
      const file = writeConfiguration(options, port, { ...programs, modules: () => '' }, folder);
      giveTo(root, folder);
      return [proftpd, '-n', '-q', '-c', file];
    },
    env: libraries,
  };
}

async function containedVsftpd({ virtualUsers, root }: ContainedOptions): Promise<DaemonCommand> {
  const folder = makeFolder();
  const program = await vsftpdProgram('debian-12');
  const vsftpd = copyProgram(program.vsftpd, folder);
  const libraries = copyLibraries(Object.values(program.env), folder);
  const file = join(folder, 'v.conf');
  const logs = { vsftpd_log_file: join(ownFolder, 'log'), xferlog_file: join(ownFolder, 'xfer') };
  const options = { guests: virtualUsers, maxRate: 1_000, settings: logs };
  writeFileSync(file, vsftpdConfiguration(options, true, folder));
  giveTo(root, folder);
  return { command: (port) => [...init, vsftpd, file, `-olisten_port=${port}`], env: libraries };
}

/** vsftpd falls over orphans, which are children of a PID namespace's first process. */
const init = ['perl', '-e', 'if (fork) { 1 while wait > 0 } else { exec @ARGV }'];

function makeFolder(): string {
  const folder = mkdtempSync(join(sandboxFolder, 'contained-'));
  chmodSync(folder, 0o755);
  return folder;
}

function copyProgram(program: string, folder: string): string {
  const copy = join(folder, basename(program));
  cpSync(program, copy);
  chmodSync(copy, 0o755);
  return copy;
}

function copyLibraries(folders: readonly string[], folder: string): Record<string, string> {
  const copies = folders.map((each, index) => {
    const copy = join(folder, `lib-${index}`);
    cpSync(each, copy, { recursive: true, dereference: true });
    return copy;
  });
  return copies.length === 0 ? {} : { LD_LIBRARY_PATH: copies.join(delimiter) };
}

/** A daemon takes settings of its own root's alone. */
function giveTo(uid: number, folder: string): void {
  if (uid !== 0) execFileSync('chown', ['-R', `${uid}:${uid}`, folder]);
  chownSync(folder, uid, uid);
}
