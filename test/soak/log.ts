import type { SessionState } from '../../src/sessions/session.ts';
import type { DaemonName } from '../support/host-daemons.ts';

/** Milliseconds on the clock that all processes of this machine share (CLOCK_MONOTONIC). */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** From and to, both included; in milliseconds of `now` unless said otherwise. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** What a session does. */
export interface Activity {
  readonly state: SessionState;
  /** As a row shows it: bytes that are not UTF-8 are U+FFFD. "" when idle. */
  readonly file: string;
  /** The file's size; null unless it is a download. */
  readonly bytesTotal: number | null;
  /**
   * When the client began to prepare a transfer, by the wall clock in milliseconds since the epoch:
   * not before that the session has begun to wait for the transfer's command.
   */
  readonly preparedAt?: number;
}

export const idle: Activity = { state: 'idle', file: '', bytesTotal: null };

/** What happened to a session. */
export type Fact =
  | {
      readonly kind: 'connected';
      readonly daemon: DaemonName;
      readonly pid: number;
      readonly remoteAddress: string;
      readonly remotePort: number;
      readonly localPort: number;
    }
  | {
      readonly kind: 'logged-in';
      readonly user: string;
      readonly ownerUid: number;
      /** Where the session is another process than what the client had connected to. */
      readonly pid?: number;
    }
  | { readonly kind: 'doing'; readonly activity: Activity }
  | { readonly kind: 'ended' }
  /** Its daemon has learned of that: a process that has ended stays in the table until it does. */
  | { readonly kind: 'reaped' };

/**
 * One line of a driver's log. The change took effect at some moment of its interval, which is all
 * that a client can know: it begins before the cause is sent (a command, a signal, a reset) and
 * ends after the effect was seen (a reply, a byte of data, the process gone).
 */
export interface Change extends Interval {
  /** A number of the session's own, never used again. */
  readonly session: number;
  /** The same interval by the wall clock, in milliseconds since the epoch. */
  readonly clock: Interval;
  readonly fact: Fact;
}

/** One row of an answer; what its way of asking does not tell is absent. */
export interface Row {
  readonly pid: number;
  readonly title: string;
  readonly user: string | null;
  readonly remoteAddress: string | null;
  readonly state: SessionState;
  readonly file: string | null;
  /** Seconds since the epoch. */
  readonly connectedAt: number | null;
  readonly ownerUid?: number;
  readonly remotePort?: number | null;
  readonly localPort?: number | null;
  readonly bytesMoved?: number | null;
  readonly bytesTotal?: number | null;
  /** Seconds since the epoch. */
  readonly transferStartedAt?: number | null;
}

/** What a caller got, and between which moments. */
export interface Answer {
  /** How it was asked, e.g. "procfs over HTTP". */
  readonly source: string;
  /** The uid whose sessions it was asked for; null for everybody's. */
  readonly owner: number | null;
  readonly asked: number;
  readonly answered: number;
  /** What failed; null when all is well. */
  readonly error: string | null;
  /** The causes of what it says it could not see. */
  readonly gaps: readonly string[];
  /** Null when there is no list. */
  readonly rows: readonly Row[] | null;
}
