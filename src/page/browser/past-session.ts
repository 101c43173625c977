/** A row of Ftp::list_history, as far as the page asks for it; null is what is not known. */
export interface PastSession {
  readonly session: string;
  /** At the gateway of a fleet: whose log tells of it. */
  readonly server?: string;
  readonly user: string | null;
  readonly owner: string | null;
  readonly host: string | null;
  /** ISO 8601. */
  readonly started_at: string | null;
  readonly duration_seconds: number | null;
  readonly end: 'left' | 'cut' | 'ended' | 'daemon-gone' | 'unknown' | null;
  readonly ended_by: string | null;
  readonly transfers: number | null;
  readonly bytes: number | null;
}

/** A row of Ftp::list_history_files. */
export interface PastFile {
  readonly finished_at: string | null;
  readonly direction: 'upload' | 'download';
  readonly bytes: number;
  readonly complete: 0 | 1;
  readonly file: string;
}
