/** What /proc/PID/stat tells that is of use here. */
export interface Stat {
  /** COMM. */
  readonly name: string;
  /** True for a zombie: it has ended, and its pid is kept until its parent has asked for it. */
  readonly hasEnded: boolean;
  readonly parentPid: number;
  /** Clock ticks between boot and the start of the process. */
  readonly startTicks: number;
}

/** Zombie and dead, the latter as old kernels write it too. */
const endStates = ['Z', 'X', 'x'];

/**
 * Reads the text of /proc/PID/stat (proc(5)): "PID (COMM) STATE PPID … STARTTIME …", start time
 * being field 22. COMM is what the process calls itself and may hold spaces, parentheses and
 * newlines, so the fields are counted from the last ")".
 * Returns null for a text of another form.
 */
export function parseStat(text: string): Stat | null {
  const begin = text.indexOf('(');
  const end = text.lastIndexOf(')');
  if (begin < 0 || end < begin) return null;
  // The field after ") " is field 3.
  const fields = text.slice(end + 2).split(' ');
  const hasEnded = endStates.includes(fields[3 - 3] ?? '');
  const parentPid = Number(fields[4 - 3]);
  const startTicks = Number(fields[22 - 3]);
  if (!Number.isSafeInteger(parentPid) || parentPid < 0) return null;
  if (!Number.isSafeInteger(startTicks) || startTicks < 0) return null;
  return { name: text.slice(begin + 1, end), hasEnded, parentPid, startTicks };
}
