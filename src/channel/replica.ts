import type { Update } from '../lib/versioned-value.ts';

/** What changes beside the monitor's state and counts with it. */
export interface Beside {
  /** Looks whether it has changed. */
  refresh(): void;
  /** Grows with every change that a refresh finds. */
  revision(): number;
}

/** What a replica was at some moment, and the last question that had been asked. */
export interface Moment {
  readonly version: number;
  readonly asked: number;
}

/** A copy of the monitor's state, which its answers bring up to date. */
export interface Replica<T> {
  current(): T;
  now(): Moment;
  isAsAt(moment: Moment): boolean;
  /** Whether an answer has told how the state is that was asked for after that moment. */
  isToldSince(moment: Moment): boolean;
  /** Takes what an answer to the question of that number says. Numbers grow. */
  take(update: Update, question: number): void;
  /** To be called when a question goes out, for the version that it names. */
  ask(question: number): number;
}

/**
 * A replica of nothing, until it takes a first value. What is `beside` is looked at when a question
 * goes out, unless nobody has wanted to know since the last one.
 */
export function createReplica<T>(beside: Beside): Replica<T> {
  let latest: Update = { version: 0 };
  let asked = 0;
  let newest = 0;
  let isWanted = false;
  const version = () => latest.version + beside.revision();
  return {
    current: () => latest.value as T,
    now: () => {
      isWanted = true;
      // Both only grow, so their sum is the same only while both are.
      return { version: version(), asked };
    },
    isAsAt: (moment) => version() === moment.version,
    isToldSince: (moment) => newest > moment.asked,
    take: (update, question) => {
      if ('value' in update) latest = update;
      newest = Math.max(newest, question);
    },
    ask: (question) => {
      if (isWanted) beside.refresh();
      isWanted = false;
      asked = question;
      return latest.version;
    },
  };
}
