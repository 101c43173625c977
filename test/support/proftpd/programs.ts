import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackPackages } from '../debian-packages.ts';
import { debianRoot } from '../debian-root.ts';

/** The Debian that a ProFTPD is of: this system's, or the one after Debian 12. */
export type ProftpdRelease = 'own' | 'trixie';

/** The programs of ProFTPD, by absolute path, and what they need. */
export interface ProftpdPrograms {
  readonly proftpd: string;
  readonly ftpwho: string;
  /** The lines of the configuration that load what is no part of the program. */
  readonly modules: (names: readonly string[]) => string;
  /** Folders of libraries that this system has not. */
  readonly libraries: readonly string[];
}

const packages = ['proftpd-core', 'proftpd-mod-crypto'];

/** What the packages of Debian 13 need beside what its base has. */
const trixieLibraries = [
  'libhashkit2t64',
  'libhiredis1.1.0',
  'libmemcached11t64',
  'libmemcachedutil2t64',
  'libpcre2-posix3',
];

const machineLibraries = 'usr/lib/x86_64-linux-gnu';

/**
 * ProFTPD of a Debian, unpacked into `.cache` of this project and never installed. That of the other
 * Debian needs that one's C library as well, and a copy of the program in `folder` that asks for it.
 */
export async function proftpdPrograms(
  release: ProftpdRelease,
  folder: string,
): Promise<ProftpdPrograms> {
  return release === 'own' ? await ownPrograms() : await trixiePrograms(folder);
}

/** Fetches every ProFTPD of the tests, which a sandbox cannot. */
export async function fetchProftpd(): Promise<void> {
  await unpackOwn();
  await unpackTrixie();
}

function unpackOwn(): Promise<string> {
  return unpackPackages('proftpd', packages, { withDependencies: true });
}

async function unpackTrixie(): Promise<string> {
  const wanted = [...packages, ...trixieLibraries];
  return unpackPackages('proftpd-trixie', wanted, { debian: await debianRoot() });
}

async function ownPrograms(): Promise<ProftpdPrograms> {
  const root = await unpackOwn();
  return programsIn(root, join(root, 'usr/sbin/proftpd'), [join(root, machineLibraries)], []);
}

async function trixiePrograms(folder: string): Promise<ProftpdPrograms> {
  const debian = await debianRoot();
  const root = await unpackTrixie();
  const copy = join(folder, 'proftpd');
  writeWithLoader(join(root, 'usr/sbin/proftpd'), copy, debian);
  const libraries = [root, debian].map((each) => join(each, machineLibraries));
  // Parts of the program that Debian 13 has made modules of.
  return programsIn(root, copy, libraries, ['mod_xfer', 'mod_ls']);
}

function programsIn(
  root: string,
  proftpd: string,
  libraries: readonly string[],
  always: readonly string[],
): ProftpdPrograms {
  return {
    proftpd,
    ftpwho: join(root, 'usr/bin/ftpwho'),
    libraries,
    modules: (names) =>
      [
        `ModulePath ${join(root, 'usr/lib/proftpd')}`,
        ...[...always, ...names].map((name) => `LoadModule ${name}.c`),
      ].join('\n'),
  };
}

/** Where the kernel looks for the loader of a dynamic program on this machine. */
const loader = '/lib64/ld-linux-x86-64.so.2';
/** Not longer than that, and in the sandbox' own /run. */
const otherLoader = '/run/ld-trixie.so';

/** The path of the loader is a text in the program, with a NUL behind it (elf(5), PT_INTERP). */
function writeWithLoader(program: string, copy: string, debian: string): void {
  const bytes = readFileSync(program);
  const at = bytes.indexOf(`${loader}\0`);
  if (at < 0) throw new Error(`${program} does not name ${loader}`);
  bytes.fill(0, at, at + loader.length);
  bytes.write(otherLoader, at);
  writeFileSync(copy, bytes);
  chmodSync(copy, 0o755);
  if (!existsSync(otherLoader)) symlinkSync(join(debian, loader), otherLoader);
}
