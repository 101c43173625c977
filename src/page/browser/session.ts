export type Status = 'IDLE' | 'DL' | 'UL';

/** A row of Ftp::list_transfers, as far as the page asks for it; null is what cannot be known. */
export interface Session {
  /** At the gateway of a fleet alone. */
  readonly server?: string;
  readonly pid: number;
  readonly start: string;
  readonly user: string | null;
  readonly owner: string;
  readonly host: string | null;
  readonly protocol: 'ftp' | 'ftps' | 'sftp' | null;
  readonly status: Status;
  /** Blank when idle and nothing is on its way any more, as the path is. */
  readonly file: string | null;
  readonly path: string | null;
  readonly bytes_moved: number | null;
  readonly bytes_total: number | null;
  /** Of an idle session: what the system still sends of a download that the server has done with. */
  readonly unsent_bytes: number | null;
  readonly percent: number | null;
  readonly rate_bytes_per_second: number | null;
  /** ISO 8601, as the next. */
  readonly started_at: string | null;
  /** When the transfer began, or since when it is idle. */
  readonly status_since: string | null;
}

/** What a call of UAPI comes to. */
export interface Result<Data> {
  readonly data: Data | null;
  readonly errors: readonly string[] | null;
  readonly messages: readonly string[] | null;
  readonly warnings: readonly string[] | null;
  readonly metadata: {
    readonly error_codes?: readonly string[];
    readonly warning_codes?: readonly string[];
  };
  readonly status: 0 | 1;
}

/** Who is logged in. */
export interface Account {
  readonly name: string;
  readonly role: 'user' | 'reseller' | 'admin';
  /** At the gateway of a fleet. */
  readonly fleet?: true;
}

/** Tells a session from every other one, before and after. */
export function keyOf({
  server = '',
  pid,
  start,
}: Pick<Session, 'server' | 'pid' | 'start'>): string {
  return `${server} ${pid} ${start}`;
}
