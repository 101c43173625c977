import { execFileSync } from 'node:child_process';
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from './cleanup.ts';
import { until } from './until.ts';
import { sandboxFolder, type TestUser } from './users.ts';

/** A cgroup of the hierarchy that tells containers. */
export interface Cgroup {
  /** As the kernel tells it. */
  readonly path: string;
  readonly folder: string;
  /** The file that a process' pid is written to. */
  readonly procs: string;
}

/**
 * Makes a cgroup below the topmost one, and those above it. It ends with the test, and all that is in
 * it or in what is below its first part, which no other test may have.
 */
export function makeCgroup(t: Cleanup, path: string): Cgroup {
  const hierarchy = mkdtempSync(join(sandboxFolder, 'cgroups-'));
  const hasSystemds = /^\d+:name=systemd:/m.test(readFileSync('/proc/self/cgroup', 'utf8'));
  const type = hasSystemds ? ['-t', 'cgroup', '-o', 'none,name=systemd'] : ['-t', 'cgroup2'];
  execFileSync('mount', [...type, 'cgroup', hierarchy]);
  const first = join(hierarchy, path.split('/')[0] ?? '');
  t.after(() => until(() => endAll(first), { what: 'the cgroup is empty', timeoutMs: 30_000 }));
  const folder = join(hierarchy, path);
  mkdirSync(folder, { recursive: true });
  return cgroupAt(`/${path}`, folder);
}

/** Gives a cgroup to a user, as systemd delegates one, who then makes others below it. */
export function delegateTo({ path, folder, procs }: Cgroup, { uid, gid }: TestUser) {
  for (const each of [folder, procs]) chownSync(each, uid, gid);
  return {
    make: (name: string): Cgroup => {
      const below = join(folder, name);
      execFileSync('mkdir', ['-p', below], { uid, gid });
      return cgroupAt(`${path}/${name}`, below);
    },
  };
}

export function moveInto({ procs }: Cgroup, pid: number): void {
  writeFileSync(procs, String(pid));
}

function cgroupAt(path: string, folder: string): Cgroup {
  return { path, folder, procs: join(folder, 'cgroup.procs') };
}

/** True once it is gone. */
function endAll(folder: string): boolean {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !endAll(join(folder, entry.name))) return false;
    }
    const pids = readFileSync(join(folder, 'cgroup.procs'), 'latin1').split('\n').map(Number);
    for (const pid of pids) if (pid > 0) process.kill(pid, 'SIGKILL');
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
