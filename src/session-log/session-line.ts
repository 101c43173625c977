import { localHost } from '../sessions/identity.ts';
import { formatTime, type SessionEnding, type SessionLine, type Unknown } from './log-line.ts';
import type { Tracked } from './tracked.ts';

/** How a session ended, and when, in ms since the epoch. */
export interface HowEnded {
  readonly end: SessionEnding;
  readonly endedAt: number;
  readonly by: string | null;
}

/** The line of a session of pure-ftpd, at its begin or its end; of a field that is null it says why. */
export function sessionLine(
  { pid, start, entry, owner }: Pick<Tracked, 'pid' | 'start' | 'entry' | 'owner'>,
  how: HowEnded | 'begin',
  nameOf: (uid: number) => string | null,
): SessionLine {
  const why: Record<string, Unknown> = {
    protocol: 'not-in-record',
    transfers: 'no-transfer-log',
    bytes: 'no-transfer-log',
  };
  if (owner === null) why['owner'] = 'over-too-soon';
  if (how !== 'begin' && how.end === 'ended' && how.by === null) why['ended_by'] = 'not-told';
  if (how === 'begin') why['ended_at'] = 'not-yet';
  const connectedAt = entry === null ? null : entry.connectedAt;
  return {
    event: how === 'begin' ? 'begin' : 'session',
    id: `${(connectedAt ?? 0).toString(16)}.${pid.toString(16)}`,
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
    ended_at: how === 'begin' ? null : formatTime(how.endedAt),
    end: how === 'begin' ? null : how.end,
    ended_by: how === 'begin' ? null : how.by,
    transfers: null,
    bytes: null,
    seen: 'events',
    why,
  };
}
