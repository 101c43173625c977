import type { GapCause, GapLine, SessionLine } from '../../src/session-log/log-line.ts';
import type { SessionHistory } from './history.ts';
import type { Interval } from './log.ts';

/** The ways in which a session log can be untrue. */
export type LogFaultKind = 'missing' | 'invented' | 'twice' | 'foreign fact' | 'wrong time' | 'at';

export interface LogFault {
  readonly kind: LogFaultKind;
  readonly detail: string;
}

/** What a session log says in truth and falsely. */
export interface CheckedLog {
  readonly faults: readonly LogFault[];
  /** Sessions of pure-ftpd that have no line, and of which a gap says that they may be missing. */
  readonly missingAndTold: number;
}

/** What a time in the log may be off by. */
const toleranceMs = 1_000;

/**
 * Holds the lines of ended sessions against the drivers' log, which must be complete: each line is one
 * session's, with its facts and times, and each session of pure-ftpd that logged in has one, or a gap of its own
 * that tells of it.
 */
export function checkLog(
  sessions: Iterable<SessionHistory>,
  lines: readonly SessionLine[],
  gaps: readonly GapLine[],
): CheckedLog {
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
    // Of a pid that came again at once there are two: a line is true if it is true of one.
    const [best] = possible
      .filter(
        (each) =>
          each.loggedIn !== null &&
          (isOfPeer || isOfProcess(each, line)) &&
          isWithin(line.connected_at, each.connected.clock, 2 * toleranceMs),
      )
      .map((session) => ({ session, wrong: faultsOf(session, line), isTwice: told.has(session) }))
      .sort((a, b) => a.wrong.length - b.wrong.length || Number(a.isTwice) - Number(b.isTwice));
    if (best === undefined) {
      faults.push({ kind: 'invented', detail: JSON.stringify(line) });
      continue;
    }
    const { session, wrong, isTwice } = best;
    if (isTwice) faults.push({ kind: 'twice', detail: JSON.stringify(line) });
    told.add(session);
    faults.push(...wrong);
  }
  const isExcused = excuses(gaps);
  let missingAndTold = 0;
  for (const session of all) {
    const { connected, loggedIn, ended } = session;
    if (connected.fact.daemon !== 'pure-ftpd' || loggedIn === null || ended === null) continue;
    if (told.has(session)) continue;
    const { to } = endOf(session, ended);
    if (isExcused(connected.fact.pid, { from: connected.clock.from, to })) missingAndTold++;
    else faults.push({ kind: 'missing', detail: JSON.stringify({ connected, ended }) });
  }
  return { faults, missingAndTold };
}

/** Gaps that are of no time in which nothing was recorded: other daemons', or one connection's of a pid. */
const ofOnePid: readonly GapCause[] = ['record-missed', 'record-unreadable'];
const ofOtherDaemons: readonly GapCause[] = ['looks-only', 'slots-only', 'sftp-looks-only'];
/** How late, on a machine that is at its limit, what became of a connection may be told. */
const toldLateMs = 30_000;

/** Whether a gap tells of a session; one that tells of a single connection tells of no second one. */
function excuses(gaps: readonly GapLine[]): (pid: number, at: Interval) => boolean {
  const left = new Set(gaps.filter(({ cause }) => !ofOtherDaemons.includes(cause)));
  return (pid, { from, to }) => {
    for (const gap of left) {
      const at = Date.parse(gap.at);
      const isOfOne = ofOnePid.includes(gap.cause);
      if (isOfOne && gap.pid !== pid) continue;
      const since = gap.since === null ? at - toldLateMs : Date.parse(gap.since);
      if (at < from - toleranceMs || since > to + toleranceMs) continue;
      if (isOfOne) left.delete(gap);
      return true;
    }
    return false;
  };
}

/** What the log answers to “who was connected at” a moment. */
export interface AnswerAt {
  /** By the wall clock, in milliseconds since the epoch. */
  readonly moment: number;
  readonly lines: readonly SessionLine[];
  /** What it says may be missing at that moment. */
  readonly gaps: readonly GapLine[];
}

/** An answer about a moment in truth and falsely. */
export interface CheckedMoment {
  readonly faults: readonly LogFault[];
  readonly named: number;
  /** Sessions that surely were connected and are not named, and of which a gap says that they may be missing. */
  readonly missingAndTold: number;
}

/**
 * Holds what the log answers about a moment against the drivers' log: nobody who surely was not connected, nobody
 * twice, and all who surely were, unless a gap tells of them: of pure-ftpd one among `gaps`, those of the whole log,
 * for each session, and of a daemon that scans or slots tell of the answer's own.
 */
export function checkMoment(
  sessions: Iterable<SessionHistory>,
  answer: AnswerAt,
  gaps: readonly GapLine[],
): CheckedMoment {
  const { moment, lines } = answer;
  const faults: LogFault[] = [];
  const fault = (detail: string) => faults.push({ kind: 'at', detail });
  const loggedIn = [...sessions].filter((session) => session.loggedIn !== null);
  const named = new Set<SessionHistory>();
  const ids = new Set<string>();
  for (const line of lines) {
    // A pid can come again within the second that a session's name has.
    const id = `${line.daemon} ${line.id} ${line.start} ${line.port}`;
    if (ids.has(id)) fault(`${line.daemon} ${line.id} is named twice`);
    ids.add(id);
    const possible = loggedIn.filter(
      (session) => isOfLine(session, line) && mayBeThere(session, moment),
    );
    if (possible.length === 0)
      fault(`${line.daemon} ${line.id}, ${peerOf(line.address, line.port)}, was not connected`);
    for (const session of possible) named.add(session);
  }
  const isExcused = excuses(gaps);
  let missingAndTold = 0;
  for (const session of loggedIn) {
    const { connected, ended } = session;
    if (named.has(session) || ended === null || !isSurelyThere(session, ended, moment)) continue;
    const { daemon, pid, remoteAddress, remotePort } = connected.fact;
    const { to } = endOf(session, ended);
    const isTold =
      daemon === 'pure-ftpd'
        ? isExcused(pid, { from: connected.clock.from, to })
        : answer.gaps.some((gap) => gap.daemon === daemon && ofOtherDaemons.includes(gap.cause));
    if (isTold) missingAndTold++;
    else fault(`${daemon} ${pid}, ${peerOf(remoteAddress, remotePort)}, is not named`);
  }
  return { faults, named: ids.size, missingAndTold };
}

/** Of a line without a peer its process tells. */
function isOfLine(session: SessionHistory, line: SessionLine): boolean {
  const { daemon, remoteAddress, remotePort } = session.connected.fact;
  if (daemon !== line.daemon) return false;
  if (line.port === null && line.why['port'] !== undefined) return isOfProcess(session, line);
  return remoteAddress === line.address && remotePort === line.port;
}

function mayBeThere(session: SessionHistory, moment: number): boolean {
  const { connected, ended } = session;
  const isLater = connected.clock.from > moment + toleranceMs;
  return !isLater && (ended === null || endOf(session, ended).to >= moment - toleranceMs);
}

function isSurelyThere(session: SessionHistory, ended: Interval, moment: number): boolean {
  const { connected } = session;
  return (
    connected.clock.to < moment - toleranceMs && endOf(session, ended).from > moment + toleranceMs
  );
}

function isOfProcess({ connected, loggedIn }: SessionHistory, line: SessionLine): boolean {
  const pid = loggedIn?.fact.pid ?? connected.fact.pid;
  return connected.fact.daemon === line.daemon && pid === line.pid;
}

function faultsOf(session: SessionHistory, line: SessionLine): LogFault[] {
  const { connected, loggedIn, ended } = session;
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
    faults.push({
      kind: 'foreign fact',
      detail: `${name} is ${value}, not ${line[name]}: ${line.daemon} ${line.pid} ${line.id}`,
    });
  }
  if (ended !== null && !isWithin(line.ended_at, endOf(session, ended), toleranceMs)) {
    const { from, to } = endOf(session, ended);
    const detail = `${line.daemon} ${line.pid} ended ${new Date(from).toISOString()} to ${new Date(to).toISOString()}, not ${line.ended_at} (${line.end})`;
    faults.push({ kind: 'wrong time', detail });
  }
  return faults;
}

/**
 * When a session ended, by the wall clock. Of pure-ftpd it is over when the master has learned of that and removed
 * its record, which on a machine that is at its limit can be seconds after its process has ended.
 */
function endOf({ connected, reaped }: SessionHistory, ended: Interval): Interval {
  const to = connected.fact.daemon === 'pure-ftpd' ? (reaped?.to ?? ended.to) : ended.to;
  return clockOf(connected, { from: ended.from, to: Math.max(ended.to, to) });
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
