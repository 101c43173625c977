import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Cgroup } from './cgroups.ts';
import type { Cleanup } from './cleanup.ts';
import { connectInto, type DaemonCommand } from './contained/container.ts';
import { unpackPackages } from './debian-packages.ts';
import type { FtpClient } from './ftp-client.ts';
import { isAlive } from './processes.ts';
import { until } from './until.ts';
import { sandboxFolder, type TestUser } from './users.ts';

const packages = ['podman', 'runc', 'uidmap'];

/** The folder of podman's programs, unpacked and never installed. */
export function podmanFolder(): Promise<string> {
  return unpackPackages('podman', packages, { withDependencies: true });
}

/** The port that the daemon listens on, in a network of the container's own. */
const containedPort = 2121;

/** Podman as one user of the host, with storage and settings of its own. */
export interface Podman {
  /**
   * Runs a daemon in a container that ends with `t`; resolves once it greets, or to podman's own words
   * where podman cannot run a container here (podman-run(1): the codes 125 to 127).
   */
  run(
    t: Cleanup,
    daemon: DaemonCommand,
    folders: readonly string[],
  ): Promise<InPodman | { readonly obstacle: string }>;
}

export interface InPodman {
  /** Of the container's first process. */
  readonly pid: number;
  /** A client that has connected, from within the container's network. */
  readonly client: FtpClient;
}

export interface PodmanOptions {
  /** Who runs it: root unless given. */
  readonly as?: TestUser;
  /** The cgroup that it is run in. */
  readonly cgroup: Cgroup;
  /** The cgroup that it makes those of its containers in, where it may. */
  readonly cgroupParent?: string;
}

export async function openPodman({ as, cgroup, cgroupParent }: PodmanOptions): Promise<Podman> {
  const programs = await podmanFolder();
  const home = mkdtempSync(join(sandboxFolder, 'podman-'));
  const rootfs = makeRootfs(home);
  const runtime = join(home, 'runtime');
  const env = environmentOf(home, programs, 'vfs');
  if (as !== undefined) {
    execFileSync('chown', ['-R', `${as.uid}:${as.gid}`, home]);
    // Of the sandbox' own /etc.
    for (const file of ['/etc/subuid', '/etc/subgid']) {
      writeFileSync(file, `${as.name}:200000:65536\n`);
    }
  }
  const asUser =
    as === undefined ? [] : ['setpriv', `--reuid=${as.uid}`, `--regid=${as.gid}`, '--clear-groups'];
  const enters = ['sh', '-c', 'echo $$ > "$1"; shift; exec "$@"', 'sh', cgroup.procs];
  const options = [
    ...['run', '--network=none', '--tmpfs=/run', '--volume=/usr:/usr:ro'],
    // pure-ftpd gives up without some that podman leaves out.
    '--cap-add=all',
    `--security-opt=seccomp=${join(programs, 'usr/share/containers/seccomp.json')}`,
    ...(cgroupParent === undefined ? [] : [`--cgroup-parent=${cgroupParent}`]),
  ];
  const [file = '', ...before] = [...enters, ...asUser, 'podman', ...options];

  return {
    run: async (t, { command, env: ofDaemon = {} }, folders) => {
      const pidFile = join(runtime, 'pid');
      const mounts = folders.map((each) => `--volume=${each}:${each}`);
      const variables = Object.entries(ofDaemon).map(([name, value]) => `--env=${name}=${value}`);
      const args = [...before, `--pidfile=${pidFile}`, ...mounts, ...variables, '--rootfs', rootfs];
      const begin = ['sh', '-c', 'mkdir -p /run/pure-ftpd && exec "$@"', 'sh'];
      const child = spawn(file, [...args, ...begin, ...command(containedPort)], {
        env,
        cwd: '/',
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      const pidOf = () => (existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0);
      const isEnded = () => child.exitCode !== null || child.signalCode !== null;
      t.after(async () => {
        // First podman, which waits for seconds behind a container's end.
        child.kill('SIGKILL');
        const pid = pidOf();
        if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGKILL');
        await until(() => isEnded() && (pid === 0 || !isAlive(pid)), {
          what: 'the container has ended',
        });
      });
      const found = await until(
        async () => {
          if (isEnded()) return 'ended' as const;
          const pid = pidOf();
          if (pid === 0) return undefined;
          const client = await connectInto(t, pid, containedPort).catch(() => undefined);
          return client !== undefined && { pid, client };
        },
        { what: 'the daemon in the container greets', everyMs: 200 },
      );
      if (found !== 'ended') return found;
      if ([125, 126, 127].includes(child.exitCode ?? 0)) return { obstacle: said.trim() };
      throw new Error(`the container has ended with ${child.exitCode}: ${said}`);
    },
  };
}

/** Removes a cgroup that podman has made in each hierarchy, with all that is left in it and below it. */
export function removeCgroups(name: string): boolean {
  const all = '/sys/fs/cgroup';
  const folders = [all, ...readdirSync(all).map((each) => join(all, each))];
  return folders.map((folder) => isRemoved(join(folder, name))).every(Boolean);
}

function isRemoved(folder: string): boolean {
  if (!existsSync(folder)) return true;
  try {
    const left = readFileSync(join(folder, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean);
    for (const pid of left) process.kill(Number(pid), 'SIGKILL');
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !isRemoved(join(folder, entry.name))) return false;
    }
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

/** A root directory with nothing of its own: programs and libraries are mounted into it. */
function makeRootfs(folder: string): string {
  const rootfs = join(folder, 'rootfs');
  for (const name of ['usr', 'etc', 'proc', 'sys', 'dev', 'run', 'tmp', 'var', 'home']) {
    mkdirSync(join(rootfs, name), { recursive: true });
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    symlinkSync(`usr/${name}`, join(rootfs, name));
  symlinkSync('/run', join(rootfs, 'var/run'));
  chmodSync(folder, 0o755);
  return rootfs;
}

/** What podman is run with, so that it keeps all that it has in `home`. */
export function environmentOf(
  home: string,
  programs: string,
  driver: 'vfs' | 'overlay',
): Record<string, string> {
  const runtime = join(home, 'runtime');
  mkdirSync(runtime, { mode: 0o700 });
  return {
    HOME: home,
    XDG_RUNTIME_DIR: runtime,
    PATH: [
      ...['usr/bin', 'usr/sbin'].map((each) => join(programs, each)),
      ...['/usr/sbin', '/usr/bin', '/sbin', '/bin'],
    ].join(':'),
    LD_LIBRARY_PATH: librariesOf(programs),
    ...writeSettings(home, programs, driver),
  };
}

function writeSettings(folder: string, programs: string, driver: string): Record<string, string> {
  const containers = join(folder, 'containers.conf');
  const storage = join(folder, 'storage.conf');
  writeFileSync(
    containers,
    `[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
conmon_path = ["${join(programs, 'usr/bin/conmon')}"]
helper_binaries_dir = ["${join(programs, 'usr/lib/podman')}"]
[engine.runtimes]
runc = ["${join(programs, 'usr/sbin/runc')}"]
`,
  );
  const [run, graph] = [join(folder, 'storage-run'), join(folder, 'storage')];
  writeFileSync(
    storage,
    `[storage]\ndriver = "${driver}"\nrunroot = "${run}"\ngraphroot = "${graph}"\n`,
  );
  return { CONTAINERS_CONF: containers, CONTAINERS_STORAGE_CONF: storage };
}

/** Debian keeps libraries in a folder named after the machine. */
function librariesOf(programs: string): string {
  const all = join(programs, 'usr/lib');
  return readdirSync(all)
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) => join(all, name))
    .join(':');
}

/** The folder that a daemon's own files are in. */
export function folderOf({ command }: DaemonCommand): string {
  return dirname(command(containedPort)[0] ?? '');
}
