/** One transfer that a daemon has written down in a log of its own. */
export interface TransferLine {
  /** The daemon's own name of its session; null where the log has none. */
  readonly session: string | null;
  /** Empty for an anonymous one. */
  readonly user: string;
  /** The peer's IP address, or its name where the daemon looks names up. */
  readonly peer: string;
  /**
   * When it was over, in ms since the epoch and exact to a second. Two, where the log tells no zone: by
   * this host's time and by UTC, in which a daemon writes that is confined to a directory without zones.
   */
  readonly endedAt: readonly number[];
  readonly direction: 'upload' | 'download';
  readonly bytes: number;
  /** How long it took, in whole seconds; null where the log does not tell. */
  readonly seconds: number | null;
  /** False where the log says that it broke off; pure-ftpd's tells of whole ones alone. */
  readonly isWhole: boolean;
  /** As the log writes it: wu-ftpd's form has `_` in place of blanks. */
  readonly file: string;
}
