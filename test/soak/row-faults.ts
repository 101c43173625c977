import type { ViolationKind } from './checker.ts';
import type { Doing, SessionHistory } from './history.ts';
import type { Answer, Interval, Row } from './log.ts';

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
    faults.push({ kind: 'foreign fact', detail: `${name} is ${value}, not ${row[name]}` });
  }
  if (!isSecondOf(row.connectedAt, session.connected.clock)) {
    faults.push({ kind: 'foreign fact', detail: `connected at another time: ${row.connectedAt}` });
  }
  return [...faults, ...activityFaults(row, session, answer)];
}

/** Status, file and progress have to be those of one and the same activity. */
function activityFaults(row: Row, session: SessionHistory, answer: Answer): Fault[] {
  const titleFault: Fault[] =
    row.title === `pure-ftpd (${row.state.toUpperCase()})`
      ? []
      : [{ kind: 'wrong state', detail: `the title of ${row.state} is not ${row.title}` }];
  const possible = session.activities.filter((_, index) => wasPossible(session, index, answer));
  if (possible.some((doing) => fits(row, doing))) return titleFault;
  const isForeign =
    row.file !== '' && !session.activities.some(({ activity }) => activity.file === row.file);
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

function fits(row: Row, { activity, began }: Doing): boolean {
  if (row.state !== activity.state || row.file !== activity.file) return false;
  // Over HTTP no progress is told.
  if (row.bytesMoved === undefined) return true;
  if (activity.state === 'idle') {
    return row.bytesMoved === null && row.bytesTotal === null && row.transferStartedAt === null;
  }
  if (row.bytesTotal !== activity.bytesTotal || row.bytesMoved === null) return false;
  if (row.bytesMoved < 0 || row.bytesMoved > (activity.bytesTotal ?? Infinity)) return false;
  return isSecondOf(row.transferStartedAt ?? null, began.clock);
}

/** True for the seconds since the epoch that a clock showed at some moment of the interval. */
function isSecondOf(seconds: number | null, { from, to }: Interval): boolean {
  if (seconds === null) return false;
  return seconds >= Math.floor((from - coarseMs) / 1000) && seconds <= Math.floor(to / 1000);
}
