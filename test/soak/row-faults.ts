import type { ViolationKind } from './checker.ts';
import { type DaemonRules, rulesOf } from './daemon-rules.ts';
import type { Doing, SessionHistory } from './history.ts';
import type { Activity, Answer, Interval, Row } from './log.ts';

export interface Fault {
  readonly kind: ViolationKind;
  readonly detail: string;
}

/**
 * The wall clock that time(2) reads is the kernel's coarse one, which is set once a timer tick: at
 * most 10 ms behind the one that the driver reads (HZ is 100 or more).
 */
const coarseMs = 10;

/** What of a row cannot have been true of this session at any moment of the scan. */
export function faultsOf(row: Row, session: SessionHistory, answer: Answer): Fault[] {
  const fact = session.connected.fact;
  const login = session.loggedIn?.fact;
  const faults: Fault[] = [];
  if (login === undefined) return [{ kind: 'no session', detail: 'never logged in' }];
  if (answer.owner !== null && answer.owner !== login.ownerUid) {
    faults.push({ kind: 'not the owner', detail: `it is ${login.ownerUid}’s` });
  }
  const expected: [name: keyof Row, value: unknown][] = [
    ['user', login.user],
    ['ownerUid', login.ownerUid],
    ['remoteAddress', fact.remoteAddress],
    ['remotePort', fact.remotePort],
    ['localPort', fact.localPort],
  ];
  for (const [name, value] of expected) {
    if (row[name] === undefined || row[name] === value) continue;
    if (peer.includes(name) && mayLackPeer(row[name], session, answer)) continue;
    faults.push({ kind: 'foreign fact', detail: `${name} is ${value}, not ${row[name]}` });
  }
  const { earlyMs } = rulesOf[fact.daemon];
  if (!isSecondOf(row.connectedAt, session.connected.clock, earlyMs)) {
    faults.push({ kind: 'foreign fact', detail: `connected at another time: ${row.connectedAt}` });
  }
  return [...faults, ...activityFaults(row, session, answer)];
}

const peer: readonly (keyof Row)[] = ['remoteAddress', 'remotePort', 'localPort'];

/** The kernel has no connection any more once its client has broken it off, though the session lives. */
function mayLackPeer(
  value: Row[keyof Row],
  { connected, ended }: SessionHistory,
  answer: Answer,
): boolean {
  const isAbsent = value === null || value === '';
  return isAbsent && !rulesOf[connected.fact.daemon].tellsPeer && mayHaveLeft(ended, answer);
}

/** Whether its client may have begun to end it before the answer came. */
export function mayHaveLeft(ended: Interval | null, { answered }: Answer): boolean {
  return ended !== null && ended.from <= answered;
}

/** Status, file and progress have to be those of one and the same activity. */
function activityFaults(row: Row, session: SessionHistory, answer: Answer): Fault[] {
  const rules = rulesOf[session.connected.fact.daemon];
  const whole = { ...row, remoteAddress: session.connected.fact.remoteAddress };
  const user = session.loggedIn?.fact.user ?? '';
  const titleFault: Fault[] = rules.isTitle(whole, user)
    ? []
    : [{ kind: 'wrong state', detail: `the title of ${row.state} is not ${row.title}` }];
  const possible = session.activities.filter((_, index) => wasPossible(session, index, answer));
  if (possible.some((doing) => fits(row, doing, rules))) return titleFault;
  const isForeign =
    row.file !== '' &&
    !session.activities.some(({ activity }) => rules.isFile(row.file, activity.file));
  const had = possible.map(({ activity: { state, file } }) => `${state} ${file}`.trim());
  return [
    ...titleFault,
    {
      kind: isForeign ? 'foreign fact' : 'wrong state',
      detail: `${row.state} ${row.file}: around the scan it was ${had.join(' or ')}`,
    },
  ];
}

/** An activity can be seen from the earliest moment of its beginning to the latest of the next's. */
function wasPossible(session: SessionHistory, index: number, answer: Answer): boolean {
  const began = session.activities[index]?.began.from ?? Infinity;
  const ended = session.activities[index + 1]?.began.to ?? session.ended?.to ?? Infinity;
  return began <= answer.answered && ended >= answer.asked;
}

function fits(row: Row, { activity, began }: Doing, rules: DaemonRules): boolean {
  if (row.state !== activity.state || !rules.isFile(row.file, activity.file)) return false;
  const { tellsProgress } = rules;
  // Over HTTP no progress is told.
  if (row.bytesMoved === undefined) return true;
  if (activity.state === 'idle') {
    return row.bytesMoved === null && row.bytesTotal === null && row.transferStartedAt === null;
  }
  const [moved, startedAt] = [row.bytesMoved, row.transferStartedAt ?? null];
  // The open file has its size: in the moments before and after it nobody knows it.
  const isBare = !tellsProgress && moved === null && row.bytesTotal === null;
  if (row.bytesTotal !== activity.bytesTotal && !isBare) return false;
  if (!tellsProgress) {
    const from = activity.preparedAt ?? began.clock.from;
    const isMoved = moved === null || isBytesOf(moved, activity);
    return isMoved && (startedAt === null || isSecondOf(startedAt, { ...began.clock, from }));
  }
  return moved !== null && isBytesOf(moved, activity) && isSecondOf(startedAt, began.clock);
}

function isBytesOf(bytes: number, { bytesTotal }: Activity): boolean {
  return bytes >= 0 && bytes <= (bytesTotal ?? Infinity);
}

/**
 * True for the seconds since the epoch that a clock showed at some moment of the interval, or so many
 * milliseconds before it.
 */
function isSecondOf(seconds: number | null, { from, to }: Interval, earlyMs = 0): boolean {
  if (seconds === null) return false;
  return (
    seconds >= Math.floor((from - coarseMs - earlyMs) / 1000) && seconds <= Math.floor(to / 1000)
  );
}
