import type { FtpSettings } from '../collector/this-host.ts';
import type { LeftAloneProcess } from '../os/processes/left-alone.ts';
import type { SessionIdentity } from '../sessions/identity.ts';
import type { ResolvedScope } from '../sessions/scope.ts';
import type { Gap, SnapshotWants } from '../sessions/session.ts';

/*
 * What the monitor and its scanner say to each other, in frames of src/lib/frames.ts. Both are
 * the same program with the same rights; the monitor has checked what comes from outside. A reply is
 * `{"id":ID,"value":…}` or `{"id":ID,"error":"…"}`, with the number of scans so far behind a
 * snapshot's id, so that its head can be read without the rest.
 */

/** The first thing that a scanner is told. */
export interface Begin {
  readonly event: 'begin';
  readonly settings: FtpSettings;
  readonly leftAlone: readonly LeftAloneProcess[];
  /** Scans that the scanners before it have made. */
  readonly scansBefore: number;
  /** Whether it is to tell which sessions its scans have seen (`Looked`). */
  readonly reportsLooked: boolean;
}

/** What a scanner is told later on. */
export type Told =
  | { readonly event: 'left-alone'; readonly processes: readonly LeftAloneProcess[] }
  | { readonly event: 'line-closed'; readonly line: number };

/** What a scanner is asked. Answers of one line build on each other. */
export type Question =
  | {
      readonly verb: 'snapshot';
      readonly line: number;
      readonly scope: ResolvedScope;
      /** What is to be said of the scope itself. */
      readonly gaps: readonly Gap[];
      readonly wants: SnapshotWants;
    }
  | {
      readonly verb: 'end-sessions';
      readonly identities: readonly SessionIdentity[];
      readonly scope: ResolvedScope;
    }
  | { readonly verb: 'process-stats' }
  /** Answered at once when the scanner's event loop turns. */
  | { readonly verb: 'ping' };

export type AskedQuestion = Question & { readonly id: number };

export type ToScanner = Begin | Told | AskedQuestion;

/** What stands before a `Looked`, which answers no question. */
export const lookedHead = '{"looked":';

/** A reply's head, and where in the frame the value or the error begins. */
export interface ReplyHead {
  readonly id: number;
  readonly scans: number | null;
  readonly isError: boolean;
  readonly valueFrom: number;
}

/** Longer than any head. */
const headBytes = 80;

/** Reads the head of a reply's frame; null when the frame is of another form. */
export function readReplyHead(frame: Buffer): ReplyHead | null {
  const text = frame.toString('latin1', 0, headBytes);
  const match = /^\{"id":(\d{1,15})(?:,"scans":(\d{1,15}))?,"(value|error)":/.exec(text);
  if (match === null) return null;
  return {
    id: Number(match[1]),
    scans: match[2] === undefined ? null : Number(match[2]),
    isError: match[3] === 'error',
    valueFrom: match[0].length,
  };
}
