import { localHost } from '../sessions/identity.ts';
import type { LookedSession } from '../sessions/looked-session.ts';
import { formatTime, type SessionEnding, type SessionLine, type Unknown } from './log-line.ts';
import { sessionName, type Tracked } from './tracked.ts';
import type { SeenTransfers } from './transfers.ts';

/** How a session ended, and when, in ms since the epoch. */
export interface HowEnded {
  readonly end: SessionEnding;
  readonly endedAt: number;
  readonly by: string | null;
  readonly transfers: SeenTransfers;
}

/** What is told of an end, and of what was transferred until then; all of it null at a begin. */
function endOf(how: HowEnded | 'begin') {
  if (how === 'begin') {
    const none = { transfers: null, bytes: null, transfers_by: null };
    return { ended_at: null, end: null, ended_by: null, ...none };
  }
  const { count, bytes, by, files } = how.transfers;
  return {
    ended_at: formatTime(how.endedAt),
    end: how.end,
    ended_by: how.by,
    transfers: count,
    bytes,
    transfers_by: by,
    ...(files.length === 0 ? {} : { files }),
  };
}

/** The line of a session of pure-ftpd, at its begin or its end; of a field that is null it says why. */
export function sessionLine(
  { pid, start, entry, owner }: Pick<Tracked, 'pid' | 'start' | 'entry' | 'owner'>,
  how: HowEnded | 'begin',
  nameOf: (uid: number) => string | null,
): SessionLine {
  const isBegin = how === 'begin';
  const why: Record<string, Unknown> = { protocol: 'not-in-record' };
  Object.assign(why, whyNoTransfers(how));
  if (owner === null) why['owner'] = 'over-too-soon';
  if (!isBegin && how.end === 'ended' && how.by === null) why['ended_by'] = 'not-told';
  if (isBegin) why['ended_at'] = 'not-yet';
  const connectedAt = entry === null ? null : entry.connectedAt;
  return {
    event: isBegin ? 'begin' : 'session',
    id: sessionName({ pid, entry }),
    daemon: 'pure-ftpd',
    host: localHost,
    pid,
    start,
    user: entry?.account ?? null,
    owner,
    owner_name: owner === null ? null : nameOf(owner),
    address: entry?.remoteAddress ?? null,
    port: entry?.remotePort ?? null,
    local_port: entry?.localPort ?? null,
    protocol: null,
    connected_at: connectedAt === null ? null : formatTime(connectedAt * 1000),
    ...endOf(how),
    seen: 'events',
    why,
  };
}

/** A name for a session that a scan has seen: the pid alone could be another's soon. */
export function lookedName({ pid, startTime, connectedAt }: LookedSession): string {
  return `${(connectedAt ?? Number(startTime)).toString(16)}.${pid.toString(16)}`;
}

/** The same of a session that a scan has seen. */
export function lookedLine(
  session: LookedSession,
  how: HowEnded | 'begin',
  nameOf: (uid: number) => string | null,
): SessionLine {
  const { pid, startTime, ownerUid, connectedAt } = session;
  const isBegin = how === 'begin';
  const why: Record<string, Unknown> = {};
  Object.assign(why, whyNoTransfers(how));
  const unknown = {
    protocol: session.protocol,
    user: session.user,
    connected_at: connectedAt,
    address: session.remoteAddress,
    port: session.remotePort,
    local_port: session.localPort,
  };
  for (const [field, value] of Object.entries(unknown)) {
    if (value === null) why[field] = 'not-in-record';
  }
  if (ownerUid === null) {
    why['owner'] = session.isOwnerUncertain === true ? 'not-certain' : 'over-too-soon';
  }
  if (isBegin) why['ended_at'] = 'not-yet';
  if (!isBegin && how.end === 'ended' && how.by === null) why['ended_by'] = 'not-told';
  return {
    event: isBegin ? 'begin' : 'session',
    id: lookedName(session),
    daemon: session.daemon,
    host: localHost,
    pid,
    start: startTime === '' ? null : startTime,
    user: session.user,
    user_proven: session.isUserProven,
    owner: ownerUid,
    owner_name: ownerUid === null ? null : nameOf(ownerUid),
    address: session.remoteAddress,
    port: session.remotePort,
    local_port: session.localPort,
    protocol: session.protocol,
    connected_at: connectedAt === null ? null : formatTime(connectedAt * 1000),
    ...endOf(how),
    seen: session.seen ?? 'looks',
    why,
  };
}

function whyNoTransfers(how: HowEnded | 'begin'): Record<string, Unknown> {
  if (how === 'begin') return { transfers: 'not-yet', bytes: 'not-yet' };
  const { why, bytes } = how.transfers;
  if (why !== null) return { transfers: why, bytes: why };
  return bytes === null ? { bytes: 'not-certain' } : {};
}

/** How many files a line has at the most. */
const maxFiles = 500;

/** A session's line with its files, and before it as many lines of the rest as they take. */
export function splitFiles(line: SessionLine): SessionLine[] {
  const { files = [], ...bare } = line;
  if (files.length <= maxFiles) return [line];
  const lines: SessionLine[] = [];
  for (let at = 0; at < files.length; at += maxFiles) {
    const isLast = at + maxFiles >= files.length;
    lines.push({
      ...bare,
      event: isLast ? bare.event : 'files',
      files: files.slice(at, at + maxFiles),
    });
  }
  return lines;
}
