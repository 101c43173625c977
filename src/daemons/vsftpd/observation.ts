import type { ProcessFiles } from '../../os/processes/process-table.ts';
import { localHost } from '../../sessions/identity.ts';
import type { FtpSession, GapCause } from '../../sessions/session.ts';
import type { Candidate, Observation } from '../driver.ts';
import { controlConnection, protocolOf, servingProcess } from './connection.ts';
import { vsftpd } from './description.ts';
import type { LoginRecord } from './login.ts';
import { createProgress } from './progress.ts';
import { parseTitle } from './title.ts';
import {
  inheritedFrom,
  isSameTransfer,
  namesOf,
  type OpenTransfer,
  readTransfer,
  sizeOf,
} from './transfer.ts';
import { commandOf, type NameOf, userOf } from './user.ts';

/** What is known of this host's users. */
export interface Users {
  readonly nameOf: NameOf;
  /** Whether a uid is root's, or the one that vsftpd lowers itself to. */
  readonly isOwnUid: (uid: number) => boolean;
}

/**
 * Puts a session together: its owner is its uid, its user the title's or the uid's name, its peer that
 * of the connection, and its transfer the file that it has open. Nothing of it outlives it.
 */
export function observe(
  candidate: Candidate,
  { login }: LoginRecord,
  files: ProcessFiles | null,
  { nameOf, isOwnUid }: Users,
): Observation {
  if (login === 'before') return { isConsistent: true, session: null, gaps: [] };
  if (login === 'unknown') return unknownLogin(candidate);
  if (candidate.needsRecord && !isMadeByDaemon(candidate, isOwnUid)) {
    return { isConsistent: true, session: null, gaps: ['vsftpd-unproven'] };
  }
  const inherited = inheritedFrom(candidate.parent, files);
  const transfer = readTransfer(candidate.process, files, inherited);
  if (transfer === null) return { isConsistent: true, session: null, gaps: ['state-unknown'] };
  const session = compose(candidate, transfer, files, userOf(candidate, nameOf));
  const gaps: GapCause[] = [];
  if (session.user === null) gaps.push('vsftpd-user-unknown');
  if (session.remoteAddress === null) gaps.push('address-unknown');
  if (session.file === null) gaps.push('file-unknown');
  const isSame = isSameTransfer(transfer, readTransfer(candidate.process, files, inherited));
  return { isConsistent: isSame && !contradicts(candidate, transfer), session, gaps };
}

/** One of root's may be about to become its user's: then it is read again. */
function unknownLogin({ process }: Candidate): Observation {
  return { isConsistent: process.uid !== 0, session: null, gaps: ['vsftpd-login-unknown'] };
}

/** True where no listener vouches for a session any more, and its ids prove that root's daemon made it. */
function isMadeByDaemon({ process, parent }: Candidate, isOwnUid: Users['isOwnUid']): boolean {
  // Orphans become children of a PID namespace's first process, whatever they are.
  if (parent === null || parent.pid !== process.parentPid || parent.pid === 1) return false;
  return parent.realUid === parent.uid && parent.uid !== process.uid && isOwnUid(parent.uid);
}

/** vsftpd closes a file before it says that it waits, and says what it does before it opens one. */
function contradicts({ process, setsTitles }: Candidate, transfer: OpenTransfer | 'none'): boolean {
  if (!setsTitles || transfer === 'none') return false;
  const title = parseTitle(process.title);
  return title?.kind === 'session' && title.isIdle;
}

/** Property by property, for the reason at `withBytesMoved`. */
function compose(
  candidate: Candidate,
  transfer: OpenTransfer | 'none',
  files: ProcessFiles | null,
  user: string | null,
): FtpSession {
  const { process } = candidate;
  const connection = controlConnection(candidate, files);
  const isIdle = transfer === 'none' || files === null;
  const names = isIdle ? { file: '', path: '' } : namesOf(transfer, process, files);
  const connectedAtMs = (servingProcess(candidate) ?? process).startedAtMs;
  return {
    host: localHost,
    pid: process.pid,
    startTime: process.startTime,
    daemon: vsftpd.name,
    title: process.title,
    ownerUid: process.uid,
    user,
    // No record of the daemon's tells it.
    isUserProven: false,
    remoteAddress: connection?.remoteAddress ?? null,
    remotePort: connection?.remotePort ?? null,
    localPort: connection?.localPort ?? null,
    state: isIdle ? 'idle' : transfer.state,
    file: names.file,
    path: names.path,
    command: commandOf(candidate, user),
    protocol: protocolOf(candidate, files),
    // Of a download only a later reading tells whether its position means anything.
    bytesMoved: isIdle ? null : createProgress().bytesOf(transfer),
    bytesSkipped: null,
    bytesTotal: isIdle ? null : sizeOf(transfer, process, files),
    connectedAt: connectedAtMs === null ? null : Math.floor(connectedAtMs / 1000),
    transferStartedAt: null,
    lastTransferStartedAt: null,
    idleSince: null,
  };
}
