import type { HistoryQuery } from '../sessions/history.ts';
import type { Looked } from '../sessions/looked-session.ts';

/*
 * What the monitor says to its recorder, which says nothing, and to its reader, which answers each
 * question with a `HistoryAnswer`; in frames of src/lib/frames.ts. All are the same program.
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
      readonly scoreboards: readonly string[];
      readonly procRoot: string;
      /** Logs of transfers that are known beforehand, by the daemon's name. */
      readonly transferLogs: Readonly<Record<string, readonly string[]>>;
    }
  /** Scans have seen these; `isAgain` where a recorder before was told, so that they may be over since. */
  | { readonly event: 'looked'; readonly looked: Looked; readonly isAgain: boolean }
  /** These processes are about to be ended. */
  | { readonly event: 'ending'; readonly processes: readonly EndingProcess[] }
  /** Nobody has ended them after all. */
  | { readonly event: 'spared'; readonly processes: readonly EndingProcess[] }
  | {
      readonly event: 'ended-by';
      readonly pid: number;
      readonly start: string;
      readonly by: string;
    };

/** Which process: a pid alone may be another's by the time that this is read. */
export interface EndingProcess {
  readonly pid: number;
  readonly start: string;
}

/** Longer than any of them: 1,000 processes are ended at a time, and `maxLooked` sessions are told of. */
export const maxFrameBytes = 64 * 1024;
export const maxLooked = 10;

/** A question about the log at that path. */
export interface ToReader {
  readonly path: string;
  readonly query: HistoryQuery;
}

/** Longer than any question: the worker's have no more (src/channel/messages.ts). */
export const maxQuestionBytes = 1024 * 1024;
