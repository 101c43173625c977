import type { DaemonDriver } from '../driver.ts';
import { readAccounts } from './accounts.ts';
import { observeContained } from './contained.ts';
import { pureFtpd } from './description.ts';
import { followRecord } from './follow-record.ts';
import { observe } from './observation.ts';
import type { SessionRecord } from './record.ts';
import { openRecords } from './records.ts';
import { looksLikePureFtpd, parseTitle, setsTitles } from './title.ts';

/**
 * pure-ftpd. A master is root's altogether; a session is its child, root's until the login and its
 * user's from then on. It has a file of the scoreboard of its own from its first moment to its last,
 * and ends on SIGTERM.
 */
export const pureFtpdDriver: DaemonDriver<SessionRecord> = {
  description: pureFtpd,
  endSignal: 'SIGTERM',
  masterIds: 'all-root',
  generations: 1,
  looksLike: looksLikePureFtpd,
  roleOf: (title) => parseTitle(title)?.kind ?? null,
  setsTitles,
  mayPrecedeLogin: ({ process }) => process.uid === 0,
  // The account is noted after the process was given to its user (ftpd.c).
  loginOf: (record) => {
    if (record.kind !== 'entry') return 'unknown';
    return record.entry.account === '?' ? 'before' : 'after';
  },
  readAccounts: (masters, { pureFtpdPuredb = [] }) => readAccounts(masters, pureFtpdPuredb),
  openRecords: ({ scoreboardDir = [] }, table) => openRecords(scoreboardDir, table),
  observe,
  observeContained,
  follow: followRecord,
};
