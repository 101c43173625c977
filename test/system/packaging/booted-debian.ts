import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianRoot } from '../../support/debian-root.ts';
import { childrenOf, titleOf } from '../../support/processes.ts';
import { until } from '../../support/until.ts';

/** A Debian that its own systemd has started, in namespaces of its own, network included. */
export interface BootedDebian {
  /** Its first process, as this machine counts. */
  readonly pid: number;
  /** Runs a shell script as root in it; resolves to its standard output, rejects with the rest. */
  run(script: string, input?: Buffer | string): Promise<string>;
  /** The same, and whatever its exit code is. */
  attempt(script: string): Promise<{ code: number; output: string }>;
}

/*
 * What is the machine's own is out of its reach or read-only: devices but the harmless ones, kernel
 * settings, clock and modules. Its control group is one of the machine's below the root.
 */
const boot = `
set -eu
base=$1 work=$2 group=$3
echo $$ > "$work/groups/$group/cgroup.procs"
exec unshare --mount --pid --fork --cgroup --uts --ipc --net --kill-child sh -euc '
base=$1 work=$2 root=$2/root
mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/scratch" "$root"
mount -t proc proc "$root/proc"
for path in sys sysrq-trigger; do
  [ -e "$root/proc/$path" ] || continue
  mount --bind "$root/proc/$path" "$root/proc/$path"
  mount -o remount,bind,ro "$root/proc/$path"
done
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm" "$root/old"
for name in null zero full random urandom tty; do
  touch "$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
cd "$root"
pivot_root . old
umount -l /old
rmdir /old
keep=-sys_module,-sys_time,-sys_boot,-sys_rawio,-syslog,-mac_admin,-mac_override,-linux_immutable
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  setpriv --bounding-set=$keep /usr/lib/systemd/systemd --system --log-target=journal
' sh "$base" "$work"
`;

/** What a booted Debian goes with: a test, or the tests of a file. */
export interface Lifetime {
  after(cleanUp: () => Promise<void>): void;
}

/** Boots a fresh Debian and waits until it has started. It is gone, processes and all, with `t`. */
export async function bootDebian(t: Lifetime): Promise<BootedDebian> {
  const base = await debianRoot();
  const work = mkdtempSync(join(tmpdir(), 'debian-'));
  const groups = join(work, 'groups');
  const group = `uapid-test-${randomBytes(6).toString('hex')}`;
  for (const name of ['groups', 'upper', 'scratch', 'root']) mkdirSync(join(work, name));
  execFileSync('mount', ['-t', 'cgroup2', 'cgroup2', groups]);
  mkdirSync(join(groups, group));
  const namespaces = ['--mount', '--fork', '--kill-child'];
  const child = spawn('unshare', [...namespaces, 'sh', '-c', boot, 'sh', base, work, group], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
    const isGone = () => removeGroups(join(groups, group));
    await until(isGone, { what: 'every process of it is gone', timeoutMs: 60_000 });
    execFileSync('umount', [groups]);
    rmSync(work, { recursive: true, force: true });
  });
  const pid = await until(() => systemdBelow(child.pid ?? 0) ?? child.exitCode !== null, {
    what: `systemd has begun ${said}`,
    timeoutMs: 60_000,
  });
  if (pid === true) throw new Error(`Debian was not booted: ${said}`);
  const debian = runnerIn(pid);
  await until(async () => /running|degraded/.test((await debian.attempt(isRunning)).output), {
    what: 'systemd has started',
    timeoutMs: 120_000,
  });
  return debian;
}

const isRunning = 'systemctl is-system-running --wait';

function systemdBelow(pid: number): number | undefined {
  if (titleOf(pid) === '/usr/lib/systemd/systemd') return pid;
  for (const child of childrenOf(pid)) {
    const found = systemdBelow(child.pid);
    if (found !== undefined) return found;
  }
  return undefined;
}

function runnerIn(pid: number): BootedDebian {
  const start = (script: string, input: Buffer | string = '') =>
    new Promise<{ code: number; output: string; error: string }>((resolve) => {
      const args = ['--all', '--target', String(pid), 'sh', '-c', script];
      const options = {
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', SYSTEMD_COLORS: '0' },
        cwd: '/',
        maxBuffer: 64 * 1024 * 1024,
      };
      const child = execFile('nsenter', args, options, (failure, output, error) => {
        const code = failure === null ? 0 : Number(failure.code ?? -1);
        resolve({ code, output, error });
      });
      child.stdin?.on('error', () => {}).end(input);
    });
  return {
    pid,
    async run(script, input) {
      const { code, output, error } = await start(script, input);
      if (code !== 0) throw new Error(`${script}\nended with ${code}: ${output}${error}`);
      return output;
    },
    async attempt(script) {
      const { code, output, error } = await start(script);
      return { code, output: output + error };
    },
  };
}

/** Removes a control group and those in it; false while one has a process. */
function removeGroups(path: string): boolean {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory() && !removeGroups(join(path, entry.name))) return false;
    }
    rmdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw error;
  }
}
