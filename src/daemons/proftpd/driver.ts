import { switchedOn } from '../description.ts';
import type { DaemonDriver } from '../driver.ts';
import { readAccounts } from './accounts.ts';
import { observeContained } from './contained.ts';
import { proftpd } from './description.ts';
import { followSession } from './follow-session.ts';
import { hasLoggedIn, isRealRoot, observe } from './observation.ts';
import { looksLikeProftpd } from './program.ts';
import type { SessionRecord } from './record.ts';
import { openRecords } from './records.ts';
import { roleOf, setsTitles } from './title.ts';

/**
 * ProFTPD. A master has the real uid 0 and the effective one of its directive User, as has a
 * connection before the login; a session is its child and has the ids of its user, or the real uid 0
 * still where RootRevoke is off. The owner is the effective uid. One file has the records of all.
 */
export const proftpdDriver: DaemonDriver<SessionRecord> = {
  description: proftpd,
  endSignal: 'SIGTERM',
  masterIds: 'real-root',
  generations: 1,
  looksLike: looksLikeProftpd,
  roleOf,
  setsTitles,
  // The effective uid tells nothing: the daemon becomes root for moments, before the login and after.
  mayPrecedeLogin: ({ process }) => isRealRoot(process),
  loginOf: (record) => {
    if (record.kind !== 'entry') return record.login;
    return hasLoggedIn(record.entry) ? 'after' : 'before';
  },
  readAccounts: (masters, { proftpdConfig = [] }) => readAccounts(masters, proftpdConfig),
  openRecords: ({ proftpdScoreboard = [], proftpdSftp = [] }, table) =>
    openRecords(proftpdScoreboard, proftpdSftp.includes(switchedOn), table),
  observe,
  observeContained,
  follow: followSession,
};
