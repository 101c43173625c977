import type { GapSentence } from './gap-sentence.ts';

/** A setting of a daemon: one or more paths, or a switch. */
export interface DaemonSetting {
  /** Its key in a configuration file, unique among all settings; flag and variable follow from it. */
  readonly key: string;
  /** What stands behind the flag, as DIR; null for a switch. */
  readonly value: string | null;
  /** What it is, as a line of the help says it. */
  readonly help: string;
  /** The paths that are tried in this order while nothing is set; none of a switch. */
  readonly defaultPaths: readonly string[];
  /** What holds without a switch, in Markdown. */
  readonly without?: string;
}

/**
 * The value of each setting of one daemon, by its key: the one path that was set, or the defaults; of
 * a switch `[switchedOn]` or nothing.
 */
export type DaemonSettings = Readonly<Record<string, readonly string[]>>;

/** The value of a switch that is on. */
export const switchedOn = 'on';

/** The settings of all daemons, by the daemon's name. */
export type AllDaemonSettings = Readonly<Record<string, DaemonSettings>>;

/**
 * What every part of uapid may know of a daemon. It holds nothing that reads the system, so that the
 * worker, which has no rights, can import it.
 */
export interface DaemonDescription {
  /** The name that sessions, metrics and gaps bear. */
  readonly name: string;
  /** What `get_ftp_daemon_info` answers where it runs. */
  readonly info: {
    /** Typed clients know "pure-ftpd", "proftpd" and "" alone. */
    readonly name: string;
    readonly supports: {
      readonly login_without_domain: 0 | 1;
      readonly quota: 0 | 1;
    };
  };
  readonly settings: readonly DaemonSetting[];
  /**
   * The sentence for each gap that this daemon's driver alone can leave, by its cause. Causes that
   * daemons share are in `gap-text.ts`. No two daemons have a cause of the same name.
   */
  readonly gaps: Readonly<Record<string, GapSentence>>;
}
