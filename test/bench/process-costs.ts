import { readdirSync, readFileSync } from 'node:fs';

/* What a process costs, as proc(5) tells it. */

/** Kilobytes of memory that are resident (VmRSS). */
export function residentKilobytes(pid: number): number {
  return fieldOf(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS');
}

/** Kilobytes, where what several processes share is divided between them (Pss). */
export function proportionalKilobytes(pid: number): number {
  return fieldOf(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss');
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
