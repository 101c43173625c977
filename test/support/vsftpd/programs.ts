import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { unpackPackages } from '../debian-packages.ts';
import { debianRoot } from '../debian-root.ts';

/** The Debian that a vsftpd is of: 3.0.3 is that of Debian 12, 3.0.5 that of Debian 13. */
export type VsftpdRelease = 'debian-12' | 'debian-13';

export const vsftpdReleases: readonly VsftpdRelease[] = ['debian-12', 'debian-13'];

export interface VsftpdProgram {
  /** Its absolute path. */
  readonly vsftpd: string;
  /** What it needs in its environment: where the one library is that few systems have. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A release's vsftpd, unpacked into `.cache` of this project, once and without installing it. The one
 * of Debian 13 runs with the libraries of Debian 12. The fetch runs as root, so the program is root's.
 */
export async function vsftpdProgram(release: VsftpdRelease): Promise<VsftpdProgram> {
  // The host's own is of this system's release, which need not be Debian 12; so is what it fetches.
  const home = await unpackPackages('vsftpd', ['vsftpd', 'libwrap0']);
  const root =
    release === 'debian-12'
      ? home
      : await unpackPackages('vsftpd-trixie', ['vsftpd'], { debian: await debianRoot() });
  const vsftpd = join(root, 'usr/sbin/vsftpd');
  if (!existsSync(vsftpd) || statSync(vsftpd).uid !== 0) {
    throw new Error(`No vsftpd of root's in ${root}: remove that folder and try again as root`);
  }
  return { vsftpd, env: { LD_LIBRARY_PATH: libraries(home) } };
}

function libraries(root: string): string {
  const folder = join(root, 'usr/lib');
  const machine = readdirSync(folder).find((name) =>
    existsSync(join(folder, name, 'libwrap.so.0')),
  );
  if (machine === undefined) throw new Error(`No libwrap.so.0 below ${folder}`);
  return join(folder, machine);
}
