/**
 * The programs, below `src/`, in groups that share files: the command with the monitor, the scanner and
 * the binder; the worker; the recorder of the session log and its reader. What a group shared with another
 * would make more and smaller files of its own, which each of its programs reads at its start: the worker
 * read 44 with the command, and some ten without.
 */
export const programGroups = [
  ['cli.ts', 'scanner.ts', 'os/sockets/binder.ts'],
  ['http-worker.ts'],
  ['session-recorder.ts', 'history-reader.ts'],
] as const;

/** All of them. */
export const programs: readonly string[] = programGroups.flat();
