/** An FTP account as a daemon's own files have it; its password is never part of it. */
export interface FtpAccount {
  readonly daemon: string;
  readonly user: string;
  /** `main`: a user of the system's; `sub`: one that the daemon alone knows. */
  readonly type: 'main' | 'sub';
  /** The uid that its sessions run as. */
  readonly ownerUid: number;
  readonly home: string;
  /** The home of the system user of that uid; null where it has none. */
  readonly ownerHome: string | null;
  /** Bytes that it may store; 'unlimited' where the daemon's file says so, null where no file tells. */
  readonly quotaBytes: number | 'unlimited' | null;
}

/**
 * Why accounts of a daemon may be missing: nothing tells where they are (`place-unknown`), others than
 * root could have written what tells them (`untrusted`), a file cannot be read or understood
 * (`unreadable`), or they are in a database or directory that is not read (`elsewhere`).
 */
export type AccountsFault = 'place-unknown' | 'untrusted' | 'unreadable' | 'elsewhere';

export interface FtpAccountList {
  readonly accounts: readonly FtpAccount[];
  readonly faults: readonly { readonly daemon: string; readonly fault: AccountsFault }[];
}
