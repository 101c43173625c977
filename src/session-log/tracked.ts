import type { ScoreboardEntry } from '../daemons/pure-ftpd/scoreboard-entry.ts';
import type { OpenRecord } from './open-record.ts';

/** A session whose record is held open. */
export interface Tracked {
  readonly pid: number;
  readonly start: string | null;
  readonly masterPid: number | null;
  readonly record: OpenRecord;
  /** The last reading that was one. */
  entry: ScoreboardEntry | null;
  owner: number | null;
  isBegun: boolean;
  /** It was to be ended by uapid. */
  isEnding: boolean;
  /** Its process was gone at the last look and its record was not. */
  wasGone: boolean;
  timer: NodeJS.Timeout | null;
}
