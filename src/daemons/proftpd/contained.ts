import type { ContainedFiles, OpenFile } from '../../os/processes/process-table.ts';
import { localHost } from '../../sessions/identity.ts';
import type { FtpSession, GapCause, SessionState } from '../../sessions/session.ts';
import { commandText } from '../command-text.ts';
import type { ContainedProcess, Observation } from '../driver.ts';
import { proftpd } from './description.ts';
import { directionOf } from './direction.ts';
import { hasLoggedIn, isOther, protocolOf } from './observation.ts';
import { mayBeCustomers } from './open-transfer.ts';
import { pathOf } from './own-scoreboard.ts';
import type { ScoreboardEntry } from './scoreboard-entry.ts';
import { type ReadAt, readEntry, readSlots, type Slot } from './scoreboard-file.ts';
import { isMaybeCut, maxArgumentBytes, maxUserBytes, withoutCutCharacter } from './title.ts';
import { isOverSsh, transferOf } from './transfer.ts';
import { isDataSocket, transferDescriptor } from './transfer-descriptor.ts';

const maxOpened = 8;

type Slots = ReadonlyMap<number, Slot> | null;

/** Of each scan where the entries are: one file has those of all sessions. */
const slotsOf = new WeakMap<ContainedFiles, Map<string, Slots>>();

/**
 * A session of ProFTPD in a container, by its entry of the scoreboard alone, which it holds read-write
 * beside a file of the same name with ".lck" behind. What the title would add is not known: the rest
 * of a name that the record has cut. Nor are the bytes, which the open file's position would tell.
 */
export function observeContained(
  { process, ownPid }: ContainedProcess,
  files: ContainedFiles,
): Observation {
  const none: Observation = { isConsistent: true, session: null, gaps: [] };
  const open = files.list(process);
  if (open === null) return { ...none, gaps: ['container-record-unreadable'] };
  const paths = new Set(open.map(({ target }) => pathOf(target)));
  const held = open.filter(
    ({ fd, target }) =>
      target.startsWith('/') &&
      paths.has(`${pathOf(target)}.lck`) &&
      files.accessOf(process, fd) === 'read-write',
  );
  let isUnreadable = false;
  for (const { fd } of held.slice(0, maxOpened)) {
    const reading = files.withFile(process, fd, (read, identity) => {
      const slot = slotsIn(files, identity, read, ownPid)?.get(ownPid);
      return slot === undefined ? 'other' : readEntry(read, ownPid, slot);
    });
    isUnreadable ||= reading === null;
    if (reading === 'torn') return { ...none, isConsistent: false, gaps: ['login-unknown'] };
    if (reading === null || reading === 'other') continue;
    const { entry, isSettled } = reading;
    if (!hasLoggedIn(entry)) return none;
    const state = stateOf(process, entry, open, files);
    if (state === null) return { ...none, gaps: ['state-unknown'] };
    return { isConsistent: isSettled, ...compose(process, entry, state) };
  }
  // The master holds the file too, and has no entry.
  return isUnreadable ? { ...none, gaps: ['container-record-unreadable'] } : none;
}

function slotsIn(files: ContainedFiles, identity: string, read: ReadAt, pid: number): Slots {
  const known = slotsOf.get(files) ?? new Map<string, Slots>();
  slotsOf.set(files, known);
  const before = known.get(identity);
  // One that has come since has an entry since.
  if (before?.has(pid) === true || known.size > maxOpened) return before ?? null;
  const slots = readSlots(read);
  known.set(identity, slots);
  return slots;
}

/**
 * What the entry says, unless an answer in the midst of a transfer has taken its place: then the last file
 * that was opened before the data connection tells. Null where what it is may not be asked.
 */
function stateOf(
  process: ContainedProcess['process'],
  entry: ScoreboardEntry,
  open: readonly OpenFile[],
  files: ContainedFiles,
): SessionState | null {
  if (isOverSsh(entry)) return 'idle';
  if (!isOther(entry)) return directionOf(entry.command) ?? 'idle';
  const root = files.rootOf(process);
  if (root === null) return 'idle';
  return root === '/'
    ? unconfinedState(process, entry, open, files)
    : confinedState(process, root, open, files);
}

/** What is open below the root directory is not the daemon's, and what is behind a file its data connection. */
function confinedState(
  process: ContainedProcess['process'],
  root: string,
  open: readonly OpenFile[],
  files: ContainedFiles,
): SessionState | null {
  const data = open.findLast(({ fd, target }) => fd > 1 && target.startsWith('socket:'));
  if (data === undefined) return 'idle';
  for (const { fd, target } of open.toReversed()) {
    if (fd > data.fd || !mayBeCustomers(target, root, open)) continue;
    const access = files.accessOf(process, fd);
    if (access === 'write') return 'upload';
    if (access !== 'read') continue;
    const stat = files.statOf(process, fd);
    if (stat === null) return null;
    if (stat.isFile) return 'download';
  }
  return 'idle';
}

/** Whose a file is its path does not tell, nor whether it is a log: only the order of the descriptors does. */
function unconfinedState(
  process: ContainedProcess['process'],
  entry: ScoreboardEntry,
  open: readonly OpenFile[],
  files: ContainedFiles,
): SessionState | null {
  const data = open.flatMap(({ fd, target }) => {
    const socket = target.startsWith('socket:') ? files.socketOf(process, fd) : null;
    return socket !== null && isDataSocket(socket, open, entry.remoteAddress) ? socket : [];
  });
  const fd = transferDescriptor(open, data, entry.localPort);
  if (fd === 'none') return 'idle';
  const target = open.find((each) => each.fd === fd)?.target;
  if (fd === 'unknown' || target === undefined || !mayBeCustomers(target, '/', open)) return null;
  const access = files.accessOf(process, fd);
  if (access === 'write') return 'upload';
  return access === 'read' && files.statOf(process, fd)?.isFile === true ? 'download' : null;
}

function compose(
  process: ContainedProcess['process'],
  entry: ScoreboardEntry,
  state: SessionState,
): { readonly session: FtpSession; readonly gaps: readonly GapCause[] } {
  const names = {
    recorded: isOther(entry) ? null : entry.argument,
    titled: null,
    isChosenByDaemon: entry.command === 'STOU',
  };
  const transfer = transferOf(state, null, entry, names);
  const gaps: GapCause[] = [];
  if (isMaybeCut(entry.user, maxUserBytes)) gaps.push('proftpd-user-cut');
  if (entry.remoteAddress === null) gaps.push('address-unknown');
  if (transfer.file === null) gaps.push('file-unknown');
  const session: FtpSession = {
    host: localHost,
    pid: process.pid,
    startTime: process.startTime,
    daemon: proftpd.name,
    title: process.title,
    ownerUid: process.uid,
    user: withoutCutCharacter(entry.user, maxUserBytes),
    isUserProven: false,
    remoteAddress: entry.remoteAddress,
    remotePort: null,
    localPort: entry.localPort,
    ...transfer,
    protocol: protocolOf(entry),
    connectedAt: entry.connectedAt,
    lastTransferStartedAt: transfer.transferStartedAt,
    command: commandText(entry.command, withoutCutCharacter(entry.argument, maxArgumentBytes)),
    idleSince: state === 'idle' && !isOverSsh(entry) ? entry.waitedSince : null,
  };
  return {
    session: isOverSsh(entry) ? { ...session, isUnlisted: true } : session,
    gaps,
  };
}
