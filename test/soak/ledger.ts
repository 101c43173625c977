import { checkAnswer, type Violation, type ViolationKind } from './checker.ts';
import { createHistory } from './history.ts';
import type { Answer, Change, Interval } from './log.ts';

/** What says that a scan was not over in time, in a snapshot and in an answer. */
const lateGaps: readonly string[] = ['processes-late', 'daemon-failed'];

/** Longer than a question can be under way: a session that ended before is in no answer's look. */
const maxQuestionMs = 180_000;

/** What was checked of one way of asking. */
export interface SourceCounter {
  looks: number;
  rows: number;
  /** From question to answer, of each scan. */
  readonly durationsMs: number[];
  /** Answers that truly say that `ps` took too long, while the machine starved. */
  late: number;
}

export interface Ledger {
  /** Takes a part of the log; every change that began up to `completeUntil` has come with it. */
  log(changes: readonly Change[], completeUntil: number): void;
  /** Takes an answer, which is checked once the log is complete up to its end. */
  answer(answer: Answer): void;
  /** How long a change may have taken to take effect, of each one: what nobody but it knows. */
  readonly uncertaintiesMs: readonly number[];
  readonly reusedPids: number;
  readonly counters: ReadonlyMap<string, SourceCounter>;
  readonly waiting: number;
  readonly counts: ReadonlyMap<ViolationKind, number>;
  /** The first ones of each kind only; `counts` has them all. */
  readonly violations: readonly Violation[];
}

/** An earlier `ps` that hangs makes later questions late at once. */
const earlierMs = 10_000;

/**
 * Checks answers while the log and they come in. `starvedShare` tells of how much of an interval some
 * process waited for a processor, from 0 to 1. Where that is most of it, an answer may say that `ps`
 * was late, as it was, and have too few rows; those that it has must be true all the same.
 */
export function createLedger(
  keep = 5,
  starvedShare: (interval: Interval) => number = () => 0,
): Ledger {
  const history = createHistory();
  const counters = new Map<string, SourceCounter>();
  const counts = new Map<ViolationKind, number>();
  const violations: Violation[] = [];
  let waiting: Answer[] = [];
  const uncertaintiesMs: number[] = [];

  function check(answer: Answer): void {
    const counter = counters.get(answer.source) ?? { looks: 0, rows: 0, durationsMs: [], late: 0 };
    counters.set(answer.source, counter);
    counter.looks++;
    counter.durationsMs.push(answer.answered - answer.asked);
    counter.rows += answer.rows?.length ?? 0;
    const isStarved = isLate(answer) && starvedShare(around(answer)) > 0.5;
    if (isStarved) counter.late++;
    for (const violation of checkAnswer(history, answer)) {
      if (isStarved && ['error', 'missing'].includes(violation.kind)) continue;
      const before = counts.get(violation.kind) ?? 0;
      counts.set(violation.kind, before + 1);
      if (before < keep) violations.push(violation);
    }
  }

  return {
    log(changes, completeUntil) {
      for (const change of changes) {
        history.add(change);
        uncertaintiesMs.push(change.to - change.from);
      }
      const ready = waiting.filter(({ answered }) => answered <= completeUntil);
      waiting = waiting.filter(({ answered }) => answered > completeUntil);
      for (const answer of ready) check(answer);
      history.forgetBefore(
        Math.min(completeUntil, ...waiting.map(({ asked }) => asked)) - maxQuestionMs,
      );
    },
    answer: (answer) => void waiting.push(answer),
    get reusedPids() {
      return history.reusedPids;
    },
    get waiting() {
      return waiting.length;
    },
    uncertaintiesMs,
    counters,
    counts,
    violations,
  };
}

const around = ({ asked, answered }: Answer): Interval => ({
  from: asked - earlierMs,
  to: answered,
});

/** True when an answer says that and nothing else. */
function isLate({ error, gaps }: Answer): boolean {
  return error === null && gaps.length > 0 && gaps.every((gap) => lateGaps.includes(gap));
}
