import type { ProcessFiles } from '../../os/processes/process-table.ts';
import { localHost } from '../../sessions/identity.ts';
import type { FtpSession, GapCause, SessionState } from '../../sessions/session.ts';
import type { Candidate, Observation } from '../driver.ts';
import { pureFtpd } from './description.ts';
import { type Fallback, readFallback } from './fallback.ts';
import type { SessionRecord } from './record.ts';
import type { ScoreboardEntry } from './scoreboard-entry.ts';
import { parseTitle } from './title.ts';
import { protocolOf } from './tls-option.ts';

/** What was read of one candidate in one moment. */
export interface Reading {
  readonly candidate: Candidate;
  readonly record: SessionRecord;
  /** Read only where the record leaves something open. */
  readonly fallback: Fallback | null;
}

/** What a reading comes to. */
export type Findings = Omit<Observation, 'isConsistent'>;

const notASession: Findings = { session: null, gaps: [] };

/** Puts a session together from its record, and reads its open files where that is not enough. */
export function observe(
  candidate: Candidate,
  record: SessionRecord,
  files: ProcessFiles | null,
): Observation {
  const isEnough =
    record.kind === 'entry' && record.entry.file !== null && agrees(candidate, record.entry);
  const wantsConnection = record.kind !== 'entry';
  const fallback = isEnough ? null : readFallback(candidate.process, files, wantsConnection);
  const reading = { candidate, record, fallback };
  const { session, gaps } = classify(reading);
  return { isConsistent: isConsistent(reading), session, gaps };
}

/**
 * True when title and record were one state of the session. pure-ftpd changes first the title, then
 * the record, so between the two they contradict each other for a moment.
 */
export function isConsistent({ candidate, record }: Reading): boolean {
  // A connection of root's has a record but for its first and last moments.
  if (record.kind !== 'entry') return record.kind !== 'missing' || candidate.process.uid !== 0;
  const { entry, isSettled } = record;
  if (!isSettled) return false;
  if (entry.state === 'free') return true;
  if (entry.state !== 'idle' && entry.file === '') return false;
  return agrees(candidate, entry);
}

/**
 * Decides by the record whether a candidate has logged in and is proven, and puts the session
 * together: title and owner are the process table's word, the rest the record's.
 */
export function classify({ candidate, record, fallback }: Reading): Findings {
  if (record.kind !== 'entry') {
    if (!candidate.needsRecord) {
      // Root's connections before login look like root's own sessions in everything else.
      if (candidate.process.uid === 0) return { session: null, gaps: ['login-unknown'] };
      return fromProcess(candidate, record.kind, fallback);
    }
    return record.kind === 'missing' ? notASession : { session: null, gaps: ['session-unproven'] };
  }
  const { entry } = record;
  if (entry.state === 'free' || entry.account === '?') return notASession;
  const state = decideState(titledState(candidate), entry.state, fallback);
  const recorded = state === entry.state ? recordedTransfer(entry, record.path) : null;
  const transfer =
    recorded === null || recorded.file === null ? openTransfer(state, fallback) : recorded;
  const gaps: GapCause[] = candidate.setsTitles ? [] : ['titles-off'];
  if (transfer.file === null) gaps.push('file-unknown');
  return {
    session: compose(candidate, state, transfer, {
      user: entry.account,
      isUserProven: record.isOwn,
      remoteAddress: entry.remoteAddress,
      remotePort: entry.remotePort,
      localPort: entry.localPort,
      connectedAt: entry.connectedAt,
      lastTransferStartedAt: state === entry.state ? entry.transferStartedAt : null,
      idleSince: state === 'idle' && isWithoutTransfer(entry) ? entry.connectedAt : null,
    }),
    gaps,
  };
}

/**
 * Where title and record contradict each other for longer, the title is ahead because the session
 * waits for a process that holds its record's lock, or it is behind because there was no room to set
 * it. The open files tell which; the title holds where they cannot be read.
 */
function decideState(
  titled: SessionState | null,
  recorded: SessionState,
  fallback: Fallback | null,
): SessionState {
  if (titled === null || titled === recorded) return recorded;
  const open = fallback === null ? null : (fallback.file?.state ?? 'idle');
  return open === recorded ? recorded : titled;
}

/** pure-ftpd notes the time of connection as that of a transfer until there is one. */
export function isWithoutTransfer({ state, ...entry }: ScoreboardEntry): boolean {
  return (
    state === 'idle' &&
    entry.transferStartedAt === entry.connectedAt &&
    entry.bytesTotal === 0 &&
    entry.bytesMoved === 0
  );
}

type Transfer = Pick<
  FtpSession,
  'file' | 'path' | 'bytesMoved' | 'bytesSkipped' | 'bytesTotal' | 'transferStartedAt'
>;

const noTransfer: Transfer = {
  file: '',
  path: '',
  bytesMoved: null,
  bytesSkipped: null,
  bytesTotal: null,
  transferStartedAt: null,
};

function recordedTransfer(entry: ScoreboardEntry, path: string | null): Transfer {
  if (entry.state === 'idle') return noTransfer;
  return {
    file: entry.file,
    path,
    bytesMoved: entry.bytesMoved,
    bytesSkipped: entry.bytesSkipped,
    bytesTotal: entry.state === 'download' ? entry.bytesTotal : null,
    transferStartedAt: entry.transferStartedAt,
  };
}

function openTransfer(state: SessionState, fallback: Fallback | null): Transfer {
  if (state === 'idle') return noTransfer;
  const file = fallback?.file ?? null;
  if (file === null) return { ...noTransfer, file: null, path: null };
  const path = file.state === state ? file.path : null;
  return { ...noTransfer, file: file.path, path, bytesMoved: file.positionBytes };
}

/** A session without a readable record: what its process, its sockets and open files tell. */
function fromProcess(
  candidate: Candidate,
  why: Exclude<SessionRecord['kind'], 'entry'>,
  fallback: Fallback | null,
): Findings {
  const state =
    titledState(candidate) ?? (fallback === null ? null : (fallback.file?.state ?? 'idle'));
  // Without a state there is no true row to give.
  if (state === null) return { session: null, gaps: ['state-unknown'] };
  const transfer = openTransfer(state, fallback);
  const connection = fallback?.connection ?? null;
  const { startedAtMs } = candidate.process;
  const gaps: GapCause[] = [`record-${why}`];
  if (!candidate.setsTitles) gaps.push('titles-off');
  if (connection === null) gaps.push('address-unknown');
  if (transfer.file === null) gaps.push('file-unknown');
  return {
    session: compose(candidate, state, transfer, {
      user: null,
      isUserProven: false,
      remoteAddress: connection?.remoteAddress ?? null,
      remotePort: connection?.remotePort ?? null,
      localPort: connection?.localPort ?? null,
      // The daemon forks for a connection when it comes in.
      connectedAt: startedAtMs === null ? null : Math.floor(startedAtMs / 1000),
      lastTransferStartedAt: null,
      idleSince: null,
    }),
    gaps,
  };
}

type Connection = Pick<
  FtpSession,
  | 'user'
  | 'isUserProven'
  | 'remoteAddress'
  | 'remotePort'
  | 'localPort'
  | 'connectedAt'
  | 'lastTransferStartedAt'
  | 'idleSince'
>;

/** Property by property, for the reason at `withBytesMoved`. */
function compose(
  { process }: Candidate,
  state: SessionState,
  transfer: Transfer,
  connection: Connection,
): FtpSession {
  return {
    host: localHost,
    pid: process.pid,
    startTime: process.startTime,
    daemon: pureFtpd.name,
    title: process.title,
    ownerUid: process.uid,
    user: connection.user,
    isUserProven: connection.isUserProven,
    remoteAddress: connection.remoteAddress,
    remotePort: connection.remotePort,
    localPort: connection.localPort,
    state,
    file: transfer.file,
    path: transfer.path,
    // Neither its record nor its title tells one.
    command: null,
    protocol: protocolOf(process.argumentsLeft ?? []),
    bytesMoved: transfer.bytesMoved,
    bytesSkipped: transfer.bytesSkipped,
    bytesTotal: transfer.bytesTotal,
    connectedAt: connection.connectedAt,
    transferStartedAt: transfer.transferStartedAt,
    lastTransferStartedAt: connection.lastTransferStartedAt,
    idleSince: connection.idleSince,
  };
}

function agrees(candidate: Candidate, { state }: ScoreboardEntry): boolean {
  const titled = titledState(candidate);
  return titled === null || titled === state;
}

function titledState({ process, setsTitles }: Candidate): SessionState | null {
  if (!setsTitles) return null;
  const title = parseTitle(process.title);
  return title?.kind === 'session' ? title.state : null;
}
