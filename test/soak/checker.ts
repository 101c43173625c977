import { type DaemonRules, rulesOf } from './daemon-rules.ts';
import type { History, SessionHistory } from './history.ts';
import type { Activity, Answer, Row } from './log.ts';
import { faultsOf, mayHaveLeft } from './row-faults.ts';

/** The ways in which an answer can be untrue. */
export type ViolationKind =
  /** A row whose session did not exist, logged in, at any moment of the scan. */
  | 'no session'
  /** A session that was logged in during the whole look and has no row. */
  | 'missing'
  /** A row with a user, host, port, time or file that is not its session's. */
  | 'foreign fact'
  /** A status or file that the session did not have at any moment around the scan. */
  | 'wrong state'
  /** A row shown to an account that does not own it. */
  | 'not the owner'
  /** A failure, or something that the answer says it could not see. */
  | 'error';

export const violationKinds: readonly ViolationKind[] = [
  'no session',
  'missing',
  'foreign fact',
  'wrong state',
  'not the owner',
  'error',
];

export interface Violation {
  readonly kind: ViolationKind;
  /** What exactly is wrong, in words. */
  readonly detail: string;
  readonly answer: Omit<Answer, 'rows'>;
  readonly row: Row | null;
  /** What the log has of the session, or of those that had the row's pid. */
  readonly log: readonly SessionHistory[];
}

/**
 * Holds an answer against the log, which must be complete up to `answer.answered`. Nothing is
 * tolerated but what the log and the answer cannot know: a change may have taken effect at any
 * moment of its interval, and the scan at any moment between question and answer.
 */
export function checkAnswer(history: History, answer: Answer): Violation[] {
  const { rows, ...question } = answer;
  const violations: Violation[] = [];
  const add = (
    kind: ViolationKind,
    detail: string,
    row: Row | null,
    log: readonly SessionHistory[],
  ) => violations.push({ kind, detail, answer: question, row, log: structuredClone(log) });

  if (answer.error !== null) add('error', answer.error, null, []);
  for (const gap of answer.gaps) {
    if (!isTrueGap(gap, history, answer)) add('error', gap, null, []);
  }
  if (rows === null) return violations;
  const shown = new Set<number>();
  for (const row of rows) {
    const ofPid = history.withPid(row.pid);
    const candidates = ofPid.filter(
      (session) => isItself(session, row) && mayHaveExisted(session, answer),
    );
    // A pid can have been two sessions' during the scan: a row is true if it is true of one.
    const [best] = candidates
      .map((session) => ({ session, faults: faultsOf(row, session, answer) }))
      .sort((a, b) => a.faults.length - b.faults.length);
    if (best === undefined) {
      add('no session', `process ${row.pid} was no session during this scan`, row, ofPid);
      continue;
    }
    for (const { kind, detail } of best.faults) add(kind, detail, row, [best.session]);
    if (shown.has(best.session.session)) add('no session', 'a second row', row, [best.session]);
    shown.add(best.session.session);
  }
  for (const session of history.all()) {
    if (shown.has(session.session) || !mustBeShown(session, answer)) continue;
    add('missing', `session ${session.connected.fact.pid} has no row`, null, [session]);
  }
  return violations;
}

/** False of what serves a connection for a session that is another process. */
function isItself({ connected, loggedIn }: SessionHistory, { pid }: Row): boolean {
  return (loggedIn?.fact.pid ?? connected.fact.pid) === pid;
}

/**
 * What an answer may truly say that it could not see:
 * - the address of a peer that has gone, where the daemon has no record that tells it;
 * - the name of a file that ProFTPD's record has cut, before the file is open and after;
 * - a record of ProFTPD's. It tries only for moments to lock its scoreboard, so when many log in at
 *   once, and its sessions write all the while, some stay without a record all their life.
 */
function isTrueGap(gap: string, history: History, answer: Answer): boolean {
  const isOf = ({ connected: { fact }, activities, ended }: SessionHistory) => {
    const { tellsPeer, isFile } = rulesOf[fact.daemon];
    if (gap === 'address-unknown') return !tellsPeer && mayHaveLeft(ended, answer);
    if (gap === 'file-unknown')
      return activities.some(({ activity }) => isUnnamed(activity, isFile));
    return gap === 'proftpd-record-missing' && fact.daemon === 'proftpd';
  };
  return [...history.all()].some((each) => mayHaveExisted(each, answer) && isOf(each));
}

function isUnnamed({ state, file }: Activity, isFile: DaemonRules['isFile']): boolean {
  return state !== 'idle' && isFile(null, file);
}

/** Logged in at some moment that the answer can be about. */
function mayHaveExisted({ loggedIn, ended }: SessionHistory, answer: Answer): boolean {
  if (loggedIn === null || loggedIn.from > answer.answered) return false;
  return ended === null || ended.to >= answer.asked;
}

/** Logged in from before the question until after the answer, and asked for. */
function mustBeShown({ loggedIn, ended }: SessionHistory, answer: Answer): boolean {
  if (loggedIn === null || loggedIn.to > answer.asked) return false;
  if (ended !== null && ended.from < answer.answered) return false;
  return answer.owner === null || answer.owner === loggedIn.fact.ownerUid;
}
