import type { SessionLine } from '../../src/session-log/log-line.ts';
import type { SessionHistory } from './history.ts';
import type { Interval } from './log.ts';

/** The ways in which a session log can be untrue. */
export type LogFaultKind = 'missing' | 'invented' | 'twice' | 'foreign fact' | 'wrong time' | 'at';

export interface LogFault {
  readonly kind: LogFaultKind;
  readonly detail: string;
}

/** What a time in the log may be off by. */
const toleranceMs = 1_000;

/**
 * Holds the lines of ended sessions against the drivers' log, which must be complete: each line is one
 * session's, with its facts and times, and each session of pure-ftpd that logged in has one.
 */
export function checkLog(
  sessions: Iterable<SessionHistory>,
  lines: readonly SessionLine[],
): LogFault[] {
  const faults: LogFault[] = [];
  const byPeer = new Map<string, SessionHistory[]>();
  const all = [...sessions];
  for (const session of all) {
    const key = peerOf(session.connected.fact.remoteAddress, session.connected.fact.remotePort);
    byPeer.set(key, [...(byPeer.get(key) ?? []), session]);
  }
  const told = new Set<SessionHistory>();
  for (const line of lines) {
    // What is not known says so; such a line is told by its process.
    const isOfPeer = line.port !== null || line.why['port'] === undefined;
    const possible = isOfPeer ? (byPeer.get(peerOf(line.address, line.port)) ?? []) : all;
    const session = possible.find(
      (each) =>
        each.loggedIn !== null &&
        (isOfPeer || isOfProcess(each, line)) &&
        isWithin(line.connected_at, each.connected.clock, 2 * toleranceMs),
    );
    if (session === undefined) {
      faults.push({ kind: 'invented', detail: JSON.stringify(line) });
      continue;
    }
    if (told.has(session)) faults.push({ kind: 'twice', detail: JSON.stringify(line) });
    told.add(session);
    faults.push(...faultsOf(session, line));
  }
  for (const session of all) {
    const { connected, loggedIn, ended } = session;
    if (connected.fact.daemon !== 'pure-ftpd' || loggedIn === null || ended === null) continue;
    if (!told.has(session)) faults.push({ kind: 'missing', detail: JSON.stringify(connected) });
  }
  return faults;
}

/**
 * Holds what the log answers to “who was connected at” a moment by the wall clock against the drivers' log:
 * all of pure-ftpd's that surely were, and nobody who surely was not.
 */
export function checkMoment(
  sessions: Iterable<SessionHistory>,
  lines: readonly SessionLine[],
  moment: number,
): LogFault[] {
  const known = lines.filter(({ port, why }) => port !== null || why['port'] === undefined);
  const named = new Set(known.map(({ address, port }) => peerOf(address, port)));
  const possible = new Set<string>();
  const faults: LogFault[] = [];
  for (const { connected, loggedIn, ended } of sessions) {
    if (loggedIn === null) continue;
    const peer = peerOf(connected.fact.remoteAddress, connected.fact.remotePort);
    const endedAt = ended === null ? null : clockOf(connected, ended);
    const mayBe =
      connected.clock.from <= moment + toleranceMs &&
      (endedAt === null || endedAt.to >= moment - toleranceMs);
    if (mayBe) possible.add(peer);
    const mustBe =
      connected.fact.daemon === 'pure-ftpd' &&
      connected.clock.to < moment - toleranceMs &&
      endedAt !== null &&
      endedAt.from > moment + toleranceMs;
    if (mustBe && !named.has(peer)) faults.push({ kind: 'at', detail: `${peer} is not named` });
  }
  for (const peer of named) {
    if (!possible.has(peer)) faults.push({ kind: 'at', detail: `${peer} was not connected` });
  }
  return faults;
}

function isOfProcess({ connected, loggedIn }: SessionHistory, line: SessionLine): boolean {
  const pid = loggedIn?.fact.pid ?? connected.fact.pid;
  return connected.fact.daemon === line.daemon && pid === line.pid;
}

function faultsOf({ connected, loggedIn, ended }: SessionHistory, line: SessionLine): LogFault[] {
  const { fact } = connected;
  const faults: LogFault[] = [];
  const expected: readonly (readonly [name: keyof SessionLine, value: unknown])[] = [
    ['daemon', fact.daemon],
    ['local_port', fact.localPort],
    ['user', loggedIn?.fact.user],
    ['owner', loggedIn?.fact.ownerUid],
  ];
  for (const [name, value] of expected) {
    // What is not known says so.
    if (line[name] === value || (line[name] === null && line.why[name] !== undefined)) continue;
    faults.push({ kind: 'foreign fact', detail: `${name} is ${value}, not ${line[name]}` });
  }
  if (ended !== null && !isWithin(line.ended_at, clockOf(connected, ended), toleranceMs)) {
    const { from, to } = clockOf(connected, ended);
    const detail = `ended ${new Date(from).toISOString()} to ${new Date(to).toISOString()}, not ${line.ended_at} (${line.end})`;
    faults.push({ kind: 'wrong time', detail });
  }
  return faults;
}

/** An interval of the monotonic clock by the wall clock, as that was when the session began. */
function clockOf(connected: SessionHistory['connected'], { from, to }: Interval): Interval {
  const ahead = connected.clock.from - connected.from;
  return { from: from + ahead, to: to + ahead };
}

function isWithin(time: string | null, { from, to }: Interval, slackMs: number): boolean {
  const at = Date.parse(time ?? '');
  return at >= from - slackMs && at <= to + slackMs;
}

const peerOf = (address: string | null, port: number | null) => `${address} ${port}`;
