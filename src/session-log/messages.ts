/*
 * What the monitor says to its recorder, in frames of src/lib/frames.ts. Both are the same program;
 * the recorder says nothing.
 */

/** Where the log is, and what goes into it. */
export interface SessionLogSettings {
  readonly path: string;
  /** Whether there is a line soon after a login, too. */
  readonly begin: boolean;
  readonly days: number;
}

export type ToRecorder =
  | {
      readonly event: 'begin';
      readonly log: SessionLogSettings;
      readonly directories: readonly string[];
      readonly procRoot: string;
    }
  /** These processes are about to be ended. */
  | { readonly event: 'ending'; readonly pids: readonly number[] }
  /** Nobody has ended them after all. */
  | { readonly event: 'spared'; readonly pids: readonly number[] }
  | {
      readonly event: 'ended-by';
      readonly pid: number;
      readonly start: string;
      readonly by: string;
    };

/** Longer than any of them: 1,000 pids are ended at a time. */
export const maxFrameBytes = 64 * 1024;
