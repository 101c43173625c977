import { ApiError } from '../call/api-error.ts';
import type { Steps } from './index.ts';

export interface FairScheduler {
  /**
   * Runs steps to their end: at once where that takes a few milliseconds, as nearly all do, else bit
   * by bit, in turns by account, while the server answers others. `isWanted` is asked before each
   * turn: steps whose result is not wanted any more go no further, and reject. Throws or rejects as
   * the steps do, and with ApiError when too many of the account's are being worked on already.
   */
  run<Result>(
    account: string,
    steps: Steps<Result>,
    isWanted: () => boolean,
  ): Result | Promise<Result>;
}

export interface FairSchedulerOptions {
  /** So long the event loop is held at a time, in ms, and until the next step's end. */
  readonly sliceMs?: number;
  /** The part of the time that one account's steps get when they want it all. */
  readonly share?: number;
  /** What an account that was quiet may take at once, in ms, before that part is all it gets. */
  readonly burstMs?: number;
  /** How many costly calls of one account, those that need more than a slice, are worked on. */
  readonly maxCostly?: number;
  /** How many calls of one account may wait, costly or not. */
  readonly maxWaiting?: number;
  readonly now?: () => number;
  /** Calls back after so many ms, and after what the event loop has to do by then. */
  readonly later?: (ms: number, run: () => void) => void;
}

interface Job {
  readonly isWanted: () => boolean;
  /** What it has taken so far, in ms. */
  takenMs: number;
  /** Runs until the slice that began then is over; true when the job is done. */
  advance(begun: number): boolean;
  drop(reason: string): void;
}

interface Waiting {
  readonly name: string;
  jobs: Job[];
}

const defaults = {
  sliceMs: 8,
  share: 0.25,
  burstMs: 200,
  maxCostly: 8,
  maxWaiting: 1000,
  now: () => performance.now(),
  later: (ms: number, run: () => void) => {
    setTimeout(run, ms);
  },
};

/**
 * Lets the costly calls of all accounts together take half of the time at most, and each account's no
 * more than its share; whose account has waited longest comes first.
 */
export function createFairScheduler(options: FairSchedulerOptions = {}): FairScheduler {
  const { sliceMs, share, burstMs, maxCostly, maxWaiting, now, later } = {
    ...defaults,
    ...options,
  };
  const tooManyCostly = `${maxCostly} costly calls of this account are still being worked on. Ask again when they are answered.`;
  const tooManyWaiting = `${maxWaiting} calls of this account wait already. Ask again when they are answered.`;
  /** The accounts that wait; the one whose turn is next comes first. */
  const waiting = new Map<string, Waiting>();
  /** When each account will have its whole burst again. */
  const restedAt = new Map<string, number>();
  /** What was taken at once since the event loop last looked for requests. */
  let takenAtOnce = 0;

  function charge(account: string, ms: number): void {
    if (restedAt.size > maxAccounts) forgetRested();
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

  /** Runs steps until they are done or the slice that began at `begun` is over, one step at least. */
  function slice<Result>(
    account: string,
    steps: Steps<Result>,
    begun = now(),
  ): IteratorResult<undefined, Result> {
    const startedAt = now();
    try {
      for (;;) {
        const step = steps.next();
        if (step.done || now() - begun >= sliceMs) return step;
      }
    } finally {
      charge(account, now() - startedAt);
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
    takenMs: number,
  ): Promise<Result> {
    const ofAccount = waiting.get(account) ?? { name: account, jobs: [] };
    dropUnwanted(ofAccount);
    if (takenMs >= sliceMs && hasMaxCostly(ofAccount))
      throw new ApiError(tooManyCostly, 'too-busy');
    if (ofAccount.jobs.length >= maxWaiting) throw new ApiError(tooManyWaiting, 'too-busy');
    return new Promise((resolve, reject) => {
      const drop = (reason: string) => reject(new ApiError(reason, 'too-busy'));
      const advance = (begun: number) => {
        try {
          const step = slice(account, steps, begun);
          if (step.done) resolve(step.value);
          return step.done === true;
        } catch (error) {
          reject(error);
          return true;
        }
      };
      ofAccount.jobs.push({ isWanted, takenMs, advance, drop });
      if (waiting.size === 0) later(0, runNext);
      waiting.set(account, ofAccount);
    });
  }

  function hasMaxCostly({ jobs }: Waiting): boolean {
    return jobs.filter(({ takenMs }) => takenMs >= sliceMs).length >= maxCostly;
  }

  function dropUnwanted(ofAccount: Waiting): void {
    const wanted: Job[] = [];
    for (const job of ofAccount.jobs) {
      if (job.isWanted()) wanted.push(job);
      else job.drop('The client is gone.');
    }
    ofAccount.jobs = wanted;
  }

  function runNext(): void {
    for (const each of waiting.values()) {
      dropUnwanted(each);
      if (each.jobs.length === 0) waiting.delete(each.name);
    }
    if (waiting.size === 0) return;
    const ready = [...waiting.values()].find(({ name }) => waitOf(name) === 0);
    if (ready === undefined) {
      later(Math.min(...[...waiting.keys()].map(waitOf)), runNext);
      return;
    }
    const begun = now();
    waiting.delete(ready.name);
    do advanceOne(ready, begun);
    while (ready.jobs.length > 0 && now() - begun < sliceMs && waitOf(ready.name) === 0);
    if (ready.jobs.length > 0) waiting.set(ready.name, ready);
    if (waiting.size > 0) later(now() - begun, runNext);
  }

  /** A short job does not wait for the end of a long one of the same account. */
  function advanceOne(ofAccount: Waiting, begun: number): void {
    const job = ofAccount.jobs.shift();
    const startedAt = now();
    if (job === undefined || job.advance(begun)) return;
    const wasCostly = job.takenMs >= sliceMs;
    job.takenMs += now() - startedAt;
    const isCostlyNow = job.takenMs >= sliceMs && !wasCostly;
    if (isCostlyNow && hasMaxCostly(ofAccount)) job.drop(tooManyCostly);
    else ofAccount.jobs.push(job);
  }

  return {
    run: (account, steps, isWanted) => {
      const isFree = !waiting.has(account) && takenAtOnce < sliceMs && waitOf(account) === 0;
      if (!isFree) return wait(account, steps, isWanted, 0);
      const step = takeAtOnce(account, steps);
      return step.done ? step.value : wait(account, steps, isWanted, sliceMs);
    },
  };
}

/** More accounts than this are looked through for those that need not be remembered. */
const maxAccounts = 1000;
