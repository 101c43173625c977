import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot, unpackPackages } from './debian-packages.ts';

const run = promisify(execFile);

/** The first release whose own nodejs is new enough. */
const suite = 'trixie';
const variant = '--variant=minbase';
/** What the package depends on, a service manager, and what the tests need beside it. */
const packages = ['nodejs', 'adduser', 'systemd', 'logrotate', 'pure-ftpd', 'curl'];

let made: Promise<string> | undefined;

/**
 * The folder `.cache/debian-trixie` of this project with a fresh Debian in it, made the first time
 * (half a minute) and never changed. Needs root and the network then. Whoever asks meanwhile waits for
 * the same.
 */
export function debianRoot(): Promise<string> {
  made ??= makeRoot();
  return made;
}

/** The folder of what makes a Debian, fetched the first time. */
export async function debootstrapFolder(): Promise<string> {
  return await unpackPackages('debootstrap', ['debootstrap']);
}

async function makeRoot(): Promise<string> {
  const root = join(projectRoot(), '.cache', `debian-${suite}`);
  if (existsSync(root)) return root;
  const debootstrap = await debootstrapFolder();
  await mkdir(join(root, '..'), { recursive: true });
  const work = await mkdtemp(join(root, '../fetch-'));
  const target = join(work, 'root');
  try {
    const script = join(debootstrap, 'usr/sbin/debootstrap');
    await run('sh', [script, variant, suite, target, await archive()], {
      env: { ...process.env, DEBOOTSTRAP_DIR: join(debootstrap, 'usr/share/debootstrap') },
      maxBuffer: 64 * 1024 * 1024,
    });
    const install = `apt-get -q update && apt-get -qy --no-install-recommends install ${packages.join(' ')}`;
    // The lists of all packages are 90 MB, which every apt-get would read again for seconds; what the
    // tests install needs nothing that is not there.
    const clean = 'apt-get clean && rm -r /var/lib/apt/lists/*';
    await run('chroot', [target, 'sh', '-c', `${install} && ${clean}`], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' },
      maxBuffer: 64 * 1024 * 1024,
    });
    await rename(target, root);
    return root;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Where this machine gets Debian's packages from; apt tells (apt-get(8), indextargets), and while it
 * has no lists yet it does not know whose archive is whose.
 */
export async function archive(): Promise<string> {
  const args = ['indextargets', '--format', '$(LABEL) $(REPO_URI)', 'Created-By: Packages'];
  const { stdout } = await run('apt-get', args);
  const targets = stdout.split('\n');
  const found = targets.find((line) => line.startsWith('Debian http'));
  const address = (found ?? targets.find((line) => /\/debian\/?$/.test(line)))?.split(' ').at(-1);
  if (address === undefined) throw new Error('apt knows no archive of Debian');
  return address;
}
