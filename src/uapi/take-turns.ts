import { ApiError } from './api-error.ts';
import type { Steps } from './transforms/index.ts';

export interface Turns {
  /**
   * Runs steps to their end: at once where that takes a few milliseconds, as nearly all do, else bit
   * by bit, in turns by account, while the server answers others. `isWanted` is asked before each
   * turn: steps whose result is not wanted any more go no further, and reject. Throws or rejects as
   * the steps do, and throws ApiError when too many of the account's wait already.
   */
  run<Result>(
    account: string,
    steps: Steps<Result>,
    isWanted: () => boolean,
  ): Result | Promise<Result>;
}

export interface TurnOptions {
  /** So long the event loop is held at a time, in ms, and until the next step's end. */
  readonly sliceMs?: number;
  /** The part of the time that one account's steps get when they want it all. */
  readonly share?: number;
  /** What an account that was quiet may take at once, in ms, before that part is all it gets. */
  readonly burstMs?: number;
  /** How many calls of one account may wait. */
  readonly maxWaiting?: number;
  readonly now?: () => number;
  /** Calls back after so many ms, and after what the event loop has to do by then. */
  readonly later?: (ms: number, run: () => void) => void;
}

interface Job {
  readonly isWanted: () => boolean;
  /** Runs for a slice; true when the job is done. */
  advance(): boolean;
  drop(): void;
}

interface Waiting {
  readonly name: string;
  jobs: Job[];
}

const usual = {
  sliceMs: 8,
  share: 0.25,
  burstMs: 200,
  maxWaiting: 8,
  now: () => performance.now(),
  later: (ms: number, run: () => void) => {
    setTimeout(run, ms);
  },
};

/**
 * Lets the costly calls of all accounts together take half of the time at most, and each account's no
 * more than its share; whose account has waited longest comes first.
 */
export function createTurns(options: TurnOptions = {}): Turns {
  const { sliceMs, share, burstMs, maxWaiting, now, later } = { ...usual, ...options };
  /** The accounts that wait; the one whose turn is next comes first. */
  const waiting = new Map<string, Waiting>();
  /** When each account will have its whole burst again. */
  const restedAt = new Map<string, number>();
  /** What was taken at once since the event loop last looked for requests. */
  let takenAtOnce = 0;

  function charge(account: string, ms: number): void {
    if (restedAt.size > maxRemembered) forgetRested();
    restedAt.set(account, Math.max(now(), restedAt.get(account) ?? 0) + ms / share);
  }

  function forgetRested(): void {
    for (const [account, at] of restedAt) {
      if (at <= now()) restedAt.delete(account);
    }
  }

  /** How long until the account may take something, in ms. */
  function waitOf(account: string): number {
    return Math.max(0, (restedAt.get(account) ?? 0) - now() - burstMs / share);
  }

  function slice<Result>(account: string, steps: Steps<Result>): IteratorResult<undefined, Result> {
    const begun = now();
    try {
      for (;;) {
        const step = steps.next();
        if (step.done || now() - begun >= sliceMs) return step;
      }
    } finally {
      charge(account, now() - begun);
    }
  }

  function takeAtOnce<Result>(account: string, steps: Steps<Result>) {
    const begun = now();
    try {
      return slice(account, steps);
    } finally {
      if (takenAtOnce === 0) {
        setImmediate(() => {
          takenAtOnce = 0;
        });
      }
      takenAtOnce += now() - begun;
    }
  }

  function wait<Result>(
    account: string,
    steps: Steps<Result>,
    isWanted: () => boolean,
  ): Promise<Result> {
    const ofAccount = waiting.get(account) ?? { name: account, jobs: [] };
    dropUnwanted(ofAccount);
    if (ofAccount.jobs.length >= maxWaiting) {
      throw new ApiError(
        `${maxWaiting} costly calls of this account are still being worked on. Ask again when they are answered.`,
      );
    }
    return new Promise((resolve, reject) => {
      const advance = () => {
        try {
          const step = slice(account, steps);
          if (step.done) resolve(step.value);
          return step.done === true;
        } catch (error) {
          reject(error);
          return true;
        }
      };
      const drop = () => reject(new ApiError('The client is gone.'));
      ofAccount.jobs.push({ isWanted, advance, drop });
      if (waiting.size === 0) later(0, takeTurn);
      waiting.set(account, ofAccount);
    });
  }

  function dropUnwanted(ofAccount: Waiting): void {
    const wanted: Job[] = [];
    for (const job of ofAccount.jobs) {
      if (job.isWanted()) wanted.push(job);
      else job.drop();
    }
    ofAccount.jobs = wanted;
  }

  function takeTurn(): void {
    for (const each of waiting.values()) {
      dropUnwanted(each);
      if (each.jobs.length === 0) waiting.delete(each.name);
    }
    if (waiting.size === 0) return;
    const ready = [...waiting.values()].find(({ name }) => waitOf(name) === 0);
    if (ready === undefined) {
      later(Math.min(...[...waiting.keys()].map(waitOf)), takeTurn);
      return;
    }
    const begun = now();
    waiting.delete(ready.name);
    const job = ready.jobs.shift();
    // A short one does not wait for the end of a long one of the same account.
    if (job !== undefined && !job.advance()) ready.jobs.push(job);
    if (ready.jobs.length > 0) waiting.set(ready.name, ready);
    if (waiting.size > 0) later(now() - begun, takeTurn);
  }

  return {
    run: (account, steps, isWanted) => {
      const isFree = !waiting.has(account) && takenAtOnce < sliceMs && waitOf(account) === 0;
      if (isFree) {
        const step = takeAtOnce(account, steps);
        if (step.done) return step.value;
      }
      return wait(account, steps, isWanted);
    },
  };
}

/** More accounts than this are looked through for those that need not be remembered. */
const maxRemembered = 1000;
