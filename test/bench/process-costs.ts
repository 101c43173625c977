import { readdirSync, readFileSync } from 'node:fs';

/* What a process costs, as proc(5) tells it. */

/** Kilobytes of memory that are resident (VmRSS). */
export function residentKilobytes(pid: number): number {
  return fieldOf(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS');
}

/**
 * Kilobytes that several processes of one program hold together: what is each one's own, and of each
 * file, as the program's, the most that one of them has mapped (proc(5), /proc/PID/smaps).
 */
export function togetherKilobytes(pids: readonly number[]): number {
  let own = 0;
  const files = new Map<string, number>();
  for (const pid of pids) {
    const ofProcess = new Map<string, number>();
    for (const mapping of mappingsOf(readFileSync(`/proc/${pid}/smaps`, 'utf8'))) {
      const anonymous = fieldOf(mapping, 'Anonymous');
      const path = /^\S+ \S+ \S+ \S+ \d+ +(\/.*)$/m.exec(mapping)?.[1] ?? '';
      own += anonymous;
      ofProcess.set(path, (ofProcess.get(path) ?? 0) + fieldOf(mapping, 'Rss') - anonymous);
    }
    for (const [path, size] of ofProcess) files.set(path, Math.max(files.get(path) ?? 0, size));
  }
  return own + [...files.values()].reduce((sum, size) => sum + size, 0);
}

function mappingsOf(smaps: string): string[] {
  return smaps.split(/^(?=[\da-f]+-[\da-f]+ )/m).filter(Boolean);
}

export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** How often its threads have gone to sleep so far, each to be woken again. */
export function timesAsleep(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'))
    .reduce((sum, status) => sum + fieldOf(status, 'voluntary_ctxt_switches'), 0);
}

/** System calls that read, by all its threads so far. */
export function readCalls(pid: number): number {
  return fieldOf(readFileSync(`/proc/${pid}/io`, 'utf8'), 'syscr');
}

/** Milliseconds of processor time that its threads have used so far. */
export function processorMs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'))
    .reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e6, 0);
}

function fieldOf(text: string, name: string): number {
  const value = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1];
  if (value === undefined) {
    throw new Error(`No ${name}: ${text}`);
  }
  return Number(value);
}
