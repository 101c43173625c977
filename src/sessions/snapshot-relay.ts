import type { Scope } from './scope.ts';
import type { SnapshotWants } from './session.ts';

/** Called once: with the answer's JSON, or with why there is none. */
export type OnJson = (error: Error | null, json: Buffer | null) => void;

/** One consumer's line for snapshots. What an answer says builds on the answers before it. */
export interface SnapshotLine {
  /**
   * Asks for a snapshot (`WireSnapshot`) of a scan that begins after the call; `scope` and `wants` as in
   * `SessionSource`. `onJson` is called in the order in which answers have to be passed on.
   */
  ask(scope: Scope, wants: SnapshotWants, onJson: OnJson): void;
  /** Nothing is answered any more. */
  close(): void;
}

/** Where snapshots come from as JSON that is passed on unread. */
export interface SnapshotRelay {
  open(): SnapshotLine;
}
