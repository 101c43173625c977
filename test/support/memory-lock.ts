import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needsSandbox } from './sandbox.ts';
import { until } from './until.ts';
import { sandboxFolder, type TestUser } from './users.ts';

const sources = fileURLToPath(new URL('../../../test/support/memory-lock/', import.meta.url));

/** False where a process that holds its own memory map can be had, else why not. */
export function needsMemoryLock(): false | string {
  return needsSandbox();
}

export interface Holder {
  readonly pid: number;
  /** Lets go and ends it. */
  release(): Promise<void>;
}

export interface HolderOptions {
  readonly user: TestUser;
  /** What it executes, with what it needs in its environment; never comes to its main(). */
  readonly executable: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a process of an ordinary user's that holds the lock of its own memory map until the test is
 * over: a read of its /proc/PID/cmdline does not return before. Resolves once it holds it.
 */
export async function startHolder(
  t: TestContext,
  { user, executable, env }: HolderOptions,
): Promise<Holder> {
  const folder = mkdtempSync(join(sandboxFolder, 'memory-lock-'));
  chmodSync(folder, 0o755);
  const [server, library, mountPoint] = [
    build(folder, 'stalling-fs', []),
    build(folder, 'lock-own-map', ['-shared', '-fPIC']),
    join(folder, 'mount'),
  ];
  mkdirSync(mountPoint);
  const { uid, gid } = user;
  const files = spawn(server, [mountPoint, String(uid), String(gid)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => end(files));
  const told = collect(files);
  await until(() => told().includes('mounted'), { what: 'the file system is mounted' });
  const holder = spawn(executable, [], {
    uid,
    gid,
    stdio: 'ignore',
    env: { ...env, LD_PRELOAD: library, LOCKED_FILE: join(mountPoint, 'file') },
  });
  const release = async () => {
    await end(files);
    await end(holder);
  };
  t.after(release);
  await until(() => told().includes('write'), { what: 'the kernel waits for the write' });
  return { pid: holder.pid ?? 0, release };
}

/** A program of a user's own under a name of choice. */
export function ownProgram(user: TestUser, name: string): string {
  const folder = mkdtempSync(join(sandboxFolder, 'own-'));
  const path = join(folder, name);
  copyFileSync('/bin/cat', path);
  for (const each of [folder, path]) {
    chmodSync(each, 0o755);
    chownSync(each, user.uid, user.gid);
  }
  return path;
}

function build(folder: string, name: string, flags: readonly string[]): string {
  const output = join(folder, name);
  execFileSync('gcc', [...flags, '-Wall', '-O1', '-o', output, join(sources, `${name}.c`)]);
  return output;
}

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  return () => text;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
