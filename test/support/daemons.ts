import { existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { unpackPackages } from './debian-packages.ts';

/** The programs of pure-ftpd, by absolute path. */
export interface PureFtpdPrograms {
  readonly pureFtpd: string;
  readonly purePw: string;
  readonly pureFtpwho: string;
  /** What they need in their environment: LD_LIBRARY_PATH when unpacked, nothing when installed. */
  readonly env: Readonly<Record<string, string>>;
}

/** libsodium23 comes along because the unpacked programs need it and few systems have it. */
const packages = ['pure-ftpd', 'pure-ftpd-common', 'libsodium23'];

/**
 * The system's pure-ftpd, or, where none is installed, the distribution's package unpacked into
 * `.cache/pure-ftpd` of this project (fetched once, without installing it). The fetch runs as root,
 * so the programs are root's, as uapid demands of a daemon. Rejects saying what to install.
 */
export async function pureFtpdPrograms(): Promise<PureFtpdPrograms> {
  const { PATH } = process.env;
  const installed = programsIn(['/usr/sbin', '/usr/bin', ...(PATH ?? '').split(delimiter)]);
  if (installed !== undefined) {
    return { ...installed, env: {} };
  }
  const root = await unpackPackages('pure-ftpd', packages);
  const unpacked = programsIn([join(root, 'usr/sbin'), join(root, 'usr/bin')]);
  if (unpacked === undefined || statSync(unpacked.pureFtpd).uid !== 0) {
    throw new Error(`No pure-ftpd of root's in ${root}: remove that folder and try again as root`);
  }
  return { ...unpacked, env: { LD_LIBRARY_PATH: libraries(root) } };
}

function programsIn(folders: readonly string[]): Omit<PureFtpdPrograms, 'env'> | undefined {
  const find = (name: string) => folders.map((folder) => join(folder, name)).find(existsSync);
  const [pureFtpd, purePw, pureFtpwho] = ['pure-ftpd', 'pure-pw', 'pure-ftpwho'].map(find);
  return pureFtpd && purePw && pureFtpwho ? { pureFtpd, purePw, pureFtpwho } : undefined;
}

/** Debian keeps libraries in a folder named after the machine: usr/lib/x86_64-linux-gnu. */
function libraries(root: string): string {
  const folder = join(root, 'usr/lib');
  const machine = readdirSync(folder).find((name) =>
    existsSync(join(folder, name, 'libsodium.so.23')),
  );
  if (machine === undefined) {
    throw new Error(`No libsodium.so.23 below ${folder}: remove ${root} and try again`);
  }
  return join(folder, machine);
}
