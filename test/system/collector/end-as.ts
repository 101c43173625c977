import { execFile } from 'node:child_process';
import { setgid, setgroups, setuid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { everybody } from '../../../src/sessions/scope.ts';
import type { EndedSession } from '../../../src/sessions/session-ender.ts';
import { tables } from '../daemons/pure-ftpd/sources.ts';
import { endingThrough } from './ending-through.ts';

const self = fileURLToPath(import.meta.url);

export interface EndAsOptions {
  readonly uid: number;
  /** The process table's name among `tables`. */
  readonly source: string;
  readonly pids: readonly number[];
}

/** Looks, and ends the sessions of those pids, in a process that has no rights but that user's. */
export async function endAs({ uid, source, pids }: EndAsOptions): Promise<EndedSession[]> {
  const args = [self, source, String(uid), JSON.stringify(pids)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as EndedSession[];
}

/** Drops the rights after everything is loaded, which that user may have no right to read. */
async function main([source = '', uid = '', list = '']: readonly string[]): Promise<void> {
  const table = tables[source]?.();
  if (table === undefined || setuid === undefined || setgid === undefined) throw new Error(source);
  process.chdir('/');
  setgroups?.([]);
  setgid(Number(uid));
  setuid(Number(uid));
  const pids = JSON.parse(list) as number[];
  const { sessions, ender } = endingThrough(table);
  const shown = (await sessions.snapshot(everybody)).sessions;
  const wanted = pids.flatMap((pid) => shown.find((session) => session.pid === pid) ?? []);
  process.stdout.write(JSON.stringify(await ender.end(wanted, everybody)));
}

if (process.argv[1] === self) await main(process.argv.slice(2));
