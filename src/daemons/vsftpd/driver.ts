import type { ProcessFacts } from '../../os/processes/process-table.ts';
import { createPasswdNames } from '../../os/users/passwd-names.ts';
import type { DaemonDriver } from '../driver.ts';
import { readAccounts } from './accounts.ts';
import { observeContained } from './contained.ts';
import { vsftpd } from './description.ts';
import { followFiles } from './follow.ts';
import { type LoginRecord, mayPrecedeLogin, openLogins } from './login.ts';
import { observe } from './observation.ts';
import { parseTitle, setsTitles } from './title.ts';

const nameOf = createPasswdNames();

/** The user that vsftpd lowers itself to unless it is told another one (nopriv_user). */
const ownUser = 'nobody';

/**
 * vsftpd. The listener's child serves a connection, and begins another process for the session at
 * the login, which runs as its user. Neither keeps records, titles are off unless they are asked for,
 * and a session ends on SIGINT: SIGTERM it catches and forgets.
 */
export const vsftpdDriver: DaemonDriver<LoginRecord> = {
  description: vsftpd,
  endSignal: 'SIGINT',
  masterIds: 'all-root',
  generations: 2,
  looksLike: ({ executablePath, name }) =>
    /(?:^|\/)vsftpd(?: \(deleted\))?$/.test(executablePath ?? name),
  roleOf: (title) => parseTitle(title)?.kind ?? null,
  setsTitles,
  servesByChildren: ({ uid, hasGroups }: ProcessFacts) => uid === 0 || hasGroups === false,
  isOwnUid,
  mayPrecedeLogin,
  readAccounts: (masters, { vsftpdConfig = [] }) => readAccounts(masters, vsftpdConfig),
  loginOf: ({ login }) => login,
  openRecords: (_settings, table) => openLogins(table),
  observe: (candidate, record, files) => observe(candidate, record, files, { nameOf, isOwnUid }),
  observeContained,
  follow: followFiles,
};

function isOwnUid(uid: number): boolean {
  return uid === 0 || nameOf(uid) === ownUser;
}
