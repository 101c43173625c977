/** What a caller is told beside an answer, in words and by a code that programs can compare. */
export interface Warning {
  /** Stays the same when the sentence changes: a gap's cause, or one of `warningCodes`. */
  readonly code: string;
  /** An English sentence. */
  readonly text: string;
}

/** The codes of warnings that are no gap's, with what each tells; docs/warnings.md shows them. */
export const warningCodes = {
  'no-daemon': 'No FTP daemon that waits for connections can be seen.',
  'daemon-nameless': 'An FTP daemon runs for whose name the published function has no word.',
  'ftp-accounts-unread':
    'FTP accounts of a daemon may be missing in the list: its files cannot be found, read or trusted.',
  'session-remains': 'A session that was to be ended is still there.',
  'session-denied': 'A session was not ended, for want of rights.',
  'session-refused': 'A server of the fleet was not asked to end a session, or refused to.',
  'session-unconfirmed':
    'A server of the fleet did not confirm that a session has ended: it may or may not have.',
  'history-gap': 'Sessions may be missing in the session log, in a time that was asked for.',
  'history-begins': 'The session log does not reach as far back as was asked for.',
  'history-empty': 'There is nothing in the session log yet.',
  'history-looks':
    'Past sessions of a daemon may be missing: those that were over within milliseconds (ProFTPD by its scoreboard), or all while which nobody asked for the list (vsftpd, SFTP).',
  'history-unproven':
    'Past sessions are left out that bear an FTP login or a system user of the account, since nothing proved that they were its.',
  'history-transfers': 'What past sessions have transferred is not known, or not for certain.',
  'history-cut': 'There were more past sessions than one answer holds: it has the newest.',
  'server-absent': 'A server of the fleet is not connected; its sessions are missing.',
  'server-silent': 'A server of the fleet did not answer in time; its sessions are missing.',
  'server-busy':
    'A server of the fleet has as many requests at a time as it works on; its sessions are missing.',
  'server-not-asked': 'A server of the fleet could not be asked in time; its sessions are missing.',
  'server-unsigned':
    'A server of the fleet was not asked, since the gateway did not sign the request; its sessions are missing.',
  'server-refused': 'A server of the fleet refused to answer; its sessions are missing.',
  'server-malformed':
    'A server of the fleet answered what makes no sense; its sessions are missing.',
  'server-cloned': 'Two machines answer under one name; the sessions of both are left out.',
  'server-not-enrolled': 'An account is placed on a server that is not let in to the fleet.',
  'account-unplaced': 'The account is placed on no server of the fleet.',
  'fleet-empty': 'No server is let in to the fleet yet.',
} as const;

/** A warning that is no gap. */
export function warn(code: keyof typeof warningCodes, text: string): Warning {
  return { code, text };
}
