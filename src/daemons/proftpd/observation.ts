import type { ProcessFacts, ProcessFiles } from '../../os/processes/process-table.ts';
import { localHost } from '../../sessions/identity.ts';
import type { FtpSession, GapCause, SessionState } from '../../sessions/session.ts';
import { commandText } from '../command-text.ts';
import type { Candidate, Observation } from '../driver.ts';
import { controlOf } from './control-connection.ts';
import { proftpd } from './description.ts';
import { directionOf } from './direction.ts';
import { findOpenTransfer, type OpenTransfer, type Unannounced } from './open-transfer.ts';
import type { SessionRecord } from './record.ts';
import type { ScoreboardEntry } from './scoreboard-entry.ts';
import {
  isMaybeCut,
  maxArgumentBytes,
  maxUserBytes,
  parseSessionTitle,
  parseUnrecordedTitle,
  type SessionTitle,
  withoutCutCharacter,
} from './title.ts';
import { isOverSsh, type Transfer, transferOf } from './transfer.ts';

/**
 * Puts a session together. What it does is told by its open files, then by its title, then by the
 * record, whose command is another one's after an answer in the midst of a transfer.
 */
export function observe(
  candidate: Candidate,
  record: SessionRecord,
  files: ProcessFiles | null,
): Observation {
  if (record.kind === 'entry') return observeRecorded(candidate, record, files);
  const { process, needsRecord } = candidate;
  if (needsRecord) {
    const gaps: GapCause[] = record.kind === 'missing' ? [] : ['session-unproven'];
    return { isConsistent: true, session: null, gaps };
  }
  if (isRealRoot(process)) {
    // A connection has no record in its first and last moments.
    const isBefore = record.login === 'before';
    return { isConsistent: isBefore, session: null, gaps: isBefore ? [] : ['login-unknown'] };
  }
  return observeUnrecorded(candidate, record.kind, files);
}

type Recorded = Extract<SessionRecord, { kind: 'entry' }>;

function observeRecorded(
  candidate: Candidate,
  record: Recorded,
  files: ProcessFiles | null,
): Observation {
  const { entry, isSettled } = record;
  const { process } = candidate;
  if (!hasLoggedIn(entry)) {
    if (isRealRoot(process)) return { isConsistent: false, session: null, gaps: [] };
    // It has become its user's, so the record will tell of it, or never does.
    return { ...observeUnrecorded(candidate, 'missing', files), isConsistent: false };
  }
  const title = parseSessionTitle(process.title, entry);
  const announced = announcedBy(title, entry);
  const open =
    files === null
      ? undefined
      : findOpenTransfer(process, files, {
          directions: announced === null ? [] : [announced],
          scoreboard: record.scoreboard,
          unannounced: unannouncedBy(title, entry),
          client: { address: entry.remoteAddress, controlPort: entry.localPort },
        });
  // Once a title has its transfer again that tells.
  if (open === 'maybe') {
    return { isConsistent: title === null, session: null, gaps: ['state-unknown'] };
  }
  // Of SFTP neither title nor record tells.
  if (open === undefined && isOverSsh(entry)) {
    return { isConsistent: true, session: null, gaps: ['state-unknown'] };
  }
  const state = stateOf(open, announced);
  const titled = title !== null && directionOf(title.command) === state ? title.argument : null;
  const transfer = transferOf(state, open ?? null, entry, {
    recorded: directionOf(entry.command) === state ? entry.argument : null,
    titled,
    isChosenByDaemon: (title?.command ?? entry.command) === 'STOU',
  });
  const isUserWhole = title !== null || !isMaybeCut(entry.user, maxUserBytes);
  const gaps: GapCause[] = isUserWhole ? [] : ['proftpd-user-cut'];
  if (entry.remoteAddress === null) gaps.push('address-unknown');
  if (transfer.file === null) gaps.push('file-unknown');
  // Once such an answer is over, the title has the transfer again, and the whole name of its file.
  const isAnnounced =
    state === (announced ?? 'idle') || isOverSsh(entry) || (title === null && isOther(entry));
  const session = compose(candidate, transfer, {
    user: title?.user ?? withoutCutCharacter(entry.user, maxUserBytes),
    isUserProven: record.isOwn && isUserWhole,
    remoteAddress: entry.remoteAddress,
    remotePort: record.remotePort,
    localPort: entry.localPort,
    protocol: protocolOf(entry),
    connectedAt: entry.connectedAt,
    idleSince: state === 'idle' && !isOverSsh(entry) ? entry.waitedSince : null,
    ...told(title ?? entry),
  });
  // Without a title that tells, nothing else shows that another transfer has begun meanwhile.
  const isWhole = isSettled && (title !== null || record.isStillSame());
  return {
    isConsistent: isWhole && agrees(title, entry) && isAnnounced,
    session: isOverSsh(entry) && !record.listsSftp ? { ...session, isUnlisted: true } : session,
    gaps,
  };
}

/** Real uid 0: the ids do not tell of a login. */
export function isRealRoot({ realUid, uid }: Pick<ProcessFacts, 'realUid' | 'uid'>): boolean {
  return (realUid ?? uid) === 0;
}

/** The name is noted in the midst of a login, and a command only after it. */
export function hasLoggedIn({ user, command }: ScoreboardEntry): boolean {
  return user !== '(none)' && command !== '';
}

function announcedBy(title: SessionTitle | null, entry: ScoreboardEntry) {
  return directionOf(title === null ? entry.command : title.command);
}

/**
 * What ProFTPD answers in a transfer takes the place of the transfer in the title, until the answer has been
 * sent, and in the record until the transfer is over.
 */
function unannouncedBy(title: SessionTitle | null, entry: ScoreboardEntry): Unannounced {
  if (isOverSsh(entry)) return 'alone';
  if (!isOther(title ?? entry)) return 'never';
  return 'beside-data';
}

/** What is refused in a transfer, and has a data connection without a file. */
const listings: readonly string[] = ['LIST', 'NLST', 'MLSD'];

/** True for a command that may be answered in the midst of a transfer. */
export function isOther({ command }: Pick<SessionTitle, 'command'>): boolean {
  const isIdle = command.toLowerCase() === 'idle';
  return !isIdle && directionOf(command) === null && !listings.includes(command);
}

/** True when title and record are of one command, or the record has an answer's in its place. */
function agrees(title: SessionTitle | null, entry: ScoreboardEntry): boolean {
  if (title === null || isOverSsh(entry) || isOther(entry)) return true;
  return directionOf(title.command) === directionOf(entry.command);
}

/** Undefined where open files cannot be seen; an announced transfer whose file is not among them is one. */
function stateOf(
  open: OpenTransfer | null | undefined,
  announced: SessionState | null,
): SessionState {
  return open?.direction ?? announced ?? 'idle';
}

const protocols = { ftp: 'ftp', ftps: 'ftps', sftp: 'sftp', scp: 'sftp', ssh2: 'sftp' } as const;

export function protocolOf({
  protocol,
}: Pick<ScoreboardEntry, 'protocol'>): FtpSession['protocol'] {
  return Object.hasOwn(protocols, protocol) ? protocols[protocol as keyof typeof protocols] : null;
}

/**
 * A session without a readable record: what its title, its sockets and open files tell. None of these is
 * another with mod_sftp. The port is, but which port speaks SFTP only the records of other sessions tell,
 * and a row must not change as they come and go.
 */
function observeUnrecorded(
  candidate: Candidate,
  why: Exclude<SessionRecord['kind'], 'entry'>,
  files: ProcessFiles | null,
): Observation {
  const { process } = candidate;
  const control = controlOf(files?.tcpSockets(process) ?? null);
  const title = parseUnrecordedTitle(process.title, control?.remoteAddress ?? null);
  const announced = title === null ? null : directionOf(title.command);
  const open =
    files === null
      ? undefined
      : findOpenTransfer(process, files, {
          directions: announced === null ? [] : [announced],
          scoreboard: null,
          unannounced: announced === null ? 'alone' : 'never',
          client: control && { address: control.remoteAddress, controlPort: control.localPort },
        });
  const gaps: GapCause[] = [`proftpd-record-${why}`];
  // Without a state there is no true row to give.
  if (open === 'maybe' || (open === undefined && title === null)) {
    return { isConsistent: true, session: null, gaps: ['state-unknown'] };
  }
  const state = stateOf(open, announced);
  const titled = announced === state && title !== null ? title.argument : null;
  const isChosenByDaemon = title?.command === 'STOU';
  const names = { recorded: null, titled, isChosenByDaemon };
  const transfer = transferOf(state, open ?? null, null, names);
  if (control === null) gaps.push('address-unknown');
  if (transfer.file === null) gaps.push('file-unknown');
  const { startedAtMs } = process;
  return {
    isConsistent: announced === null || announced === open?.direction,
    session: compose(candidate, transfer, {
      user: title?.user ?? null,
      isUserProven: false,
      remoteAddress: control?.remoteAddress ?? null,
      remotePort: control?.remotePort ?? null,
      localPort: control?.localPort ?? null,
      protocol: null,
      // The daemon forks for a connection when it comes in.
      connectedAt: startedAtMs === null ? null : Math.floor(startedAtMs / 1000),
      idleSince: null,
      ...told(title ?? { command: '', argument: '' }),
    }),
    gaps,
  };
}

function told({ command, argument }: Pick<SessionTitle, 'command' | 'argument'>) {
  return { command: commandText(command, withoutCutCharacter(argument, maxArgumentBytes)) };
}

type Connection = Pick<
  FtpSession,
  | 'user'
  | 'isUserProven'
  | 'remoteAddress'
  | 'remotePort'
  | 'localPort'
  | 'protocol'
  | 'connectedAt'
  | 'idleSince'
  | 'command'
>;

/** Property by property, for the reason at `withBytesMoved`. */
function compose({ process }: Candidate, transfer: Transfer, connection: Connection): FtpSession {
  return {
    host: localHost,
    pid: process.pid,
    startTime: process.startTime,
    daemon: proftpd.name,
    title: process.title,
    ownerUid: process.uid,
    user: connection.user,
    isUserProven: connection.isUserProven,
    remoteAddress: connection.remoteAddress,
    remotePort: connection.remotePort,
    localPort: connection.localPort,
    state: transfer.state,
    file: transfer.file,
    path: transfer.path,
    command: connection.command,
    protocol: connection.protocol,
    bytesMoved: transfer.bytesMoved,
    bytesSkipped: transfer.bytesSkipped,
    bytesTotal: transfer.bytesTotal,
    connectedAt: connection.connectedAt,
    transferStartedAt: transfer.transferStartedAt,
    lastTransferStartedAt: transfer.transferStartedAt,
    idleSince: connection.idleSince,
  };
}
