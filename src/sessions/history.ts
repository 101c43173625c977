/* What is asked of the session log. */

/** Whose sessions are wanted, as the log names them: everybody's, or those in either list. */
export type HistoryScope =
  | { readonly kind: 'everybody' }
  | {
      readonly kind: 'some';
      /** System users: each uid with the names that it has today. */
      readonly users: readonly (readonly [uid: number, names: readonly string[]])[];
      /** FTP logins, or `*` and what they end in. */
      readonly logins: readonly string[];
    };

/** No text of a path that is asked for is longer, in characters. */
export const maxFileTextLength = 1024;

/** No session’s name is longer. */
export const maxSessionNameLength = 64;

/** No address and no range is longer, in characters. */
export const maxFromLength = 128;

/** Which sessions are wanted; null is no wish. */
export interface HistoryQuery {
  readonly scope: HistoryScope;
  /** An FTP login, or `*` and what it ends in. */
  readonly login: string | null;
  /** An IP address, or ADDRESS/BITS. */
  readonly from: string | null;
  /** Sessions that were connected at some time between these two, in ms since the epoch. */
  readonly since: number | null;
  readonly until: number | null;
  /** Those that have transferred a file with this in its path. */
  readonly file?: string | null | undefined;
  /** The one of that name (`SessionLine.id`). */
  readonly session?: string | null | undefined;
  /** Whether their files are wanted, too. */
  readonly files?: boolean | undefined;
}
