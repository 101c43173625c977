import { formatLine, type GapLine, type SessionLine } from '../../src/session-log/log-line.ts';

export const day = '2026-11-28T';

/** A session of the log that lasted a minute, from `at` of that day on. */
export function pastSession(
  pid: number,
  at: string,
  facts: Partial<SessionLine> = {},
): SessionLine {
  const connected = Date.parse(`${day}${at}Z`);
  return {
    event: 'session',
    id: `${(connected / 1000).toString(16)}.${pid.toString(16)}`,
    daemon: 'pure-ftpd',
    host: 'localhost',
    pid,
    start: String(pid),
    user: 'alice',
    owner: 1001,
    owner_name: 'alice',
    address: '192.0.2.7',
    port: 40_000,
    local_port: 21,
    protocol: null,
    connected_at: new Date(connected).toISOString(),
    ended_at: new Date(connected + 60_000).toISOString(),
    end: 'left',
    ended_by: null,
    transfers: null,
    bytes: null,
    seen: 'events',
    why: {},
    ...facts,
  };
}

/** The begin of a session that has not ended. */
export function beginOf(session: SessionLine): SessionLine {
  return { ...session, event: 'begin', ended_at: null, end: null };
}

export function notRunning(since: string, at: string): GapLine {
  const [from, to] = [since, at].map((time) => new Date(`${day}${time}Z`).toISOString());
  return {
    event: 'gap',
    at: to ?? '',
    since: from ?? '',
    daemon: 'pure-ftpd',
    cause: 'not-running',
  };
}

/** The text of a log with these lines. */
export function logText(...lines: readonly (SessionLine | GapLine)[]): string {
  return lines.map(formatLine).join('');
}

/** The monitor's answers where no log is kept. */
export const noHistory = {
  read: async () => Buffer.from(JSON.stringify({ kind: 'none', reason: 'off' })),
};
