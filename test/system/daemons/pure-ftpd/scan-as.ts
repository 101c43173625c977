import { execFile } from 'node:child_process';
import { setgid, setgroups, setuid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { everybody } from '../../../../src/sessions/scope.ts';
import type { Snapshot } from '../../../../src/sessions/session.ts';
import { collectThrough, tables } from './sources.ts';

const self = fileURLToPath(import.meta.url);

export interface ScanAsOptions {
  readonly uid: number;
  /** The process table's name among `tables`. */
  readonly source: string;
  /** Looks at a /proc that is mounted with this value of hidepid (proc(5)). */
  readonly hidepid?: 1 | 2;
}

/** Looks in a process of its own that has no rights but that user's. */
export async function scanAs({ uid, source, hidepid }: ScanAsOptions): Promise<Snapshot> {
  const node = [process.execPath, self, source, String(uid)];
  const mounted = `mount -t proc -o hidepid=${hidepid} proc /proc && exec "$@"`;
  const hidden = ['unshare', '--mount', 'sh', '-c', mounted, 'sh', ...node];
  const [command = '', ...args] = hidepid === undefined ? node : hidden;
  const { stdout } = await promisify(execFile)(command, args);
  return JSON.parse(stdout) as Snapshot;
}

/** Drops the rights after everything is loaded, which that user may have no right to read. */
async function main([source = '', uid = '']: readonly string[]): Promise<void> {
  const table = tables[source]?.();
  if (table === undefined || setuid === undefined || setgid === undefined) throw new Error(source);
  process.chdir('/');
  setgroups?.([]);
  setgid(Number(uid));
  setuid(Number(uid));
  process.stdout.write(JSON.stringify(await collectThrough(table).snapshot(everybody)));
}

if (process.argv[1] === self) await main(process.argv.slice(2));
