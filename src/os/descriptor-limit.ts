import { readFileSync } from 'node:fs';

/** How many files this process may have open (proc(5), /proc/self/limits); Infinity where none tells. */
export function descriptorLimit(): number {
  try {
    const text = readFileSync('/proc/self/limits', 'latin1');
    return Number(/^Max open files\s+(\d+)/m.exec(text)?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
}
