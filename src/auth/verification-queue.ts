import { availableParallelism } from 'node:os';
import { RetryLaterError } from '../http/retry-later-error.ts';
import { customerKeys } from '../lib/client-address.ts';

/** On whose behalf a password is to be verified. */
export interface Applicant {
  /** In normal form. */
  readonly address: string;
  /** As the client names it. */
  readonly account: string;
  /** Whether that account has been let in from that address before. */
  readonly isKnown: boolean;
  /** False once no client waits for the outcome any more. */
  isWanted(): boolean;
}

/** Verifies passwords in turns, a few at a time. */
export interface VerificationQueue {
  /**
   * Runs the task when its turn comes. Rejects with RetryLaterError when the queue is full and others
   * have a better claim to a place, and with GoneError when nobody waited any more.
   */
  run<T>(applicant: Applicant, task: () => Promise<T>): Promise<T>;
  /** Tasks that wait. */
  readonly size: number;
}

/** Every client that waited for an outcome has gone, so nothing was verified. */
export class GoneError extends Error {
  override readonly name = 'GoneError';
  readonly statusCode = 400;
}

/** More passwords wait than can be verified soon. */
export function tooManyLogins(retryAfterSeconds: number): RetryLaterError {
  return new RetryLaterError(503, 'Too many logins are being checked.', retryAfterSeconds);
}

export interface VerificationLimits {
  /** Tasks at a time. */
  readonly concurrency: number;
  /** The most work that waits, in ms until its end at the pace that was measured. */
  readonly maxWaitMs: number;
  /** The time of a task before any was measured, in ms. */
  readonly expectedMs: number;
}

/**
 * argon2 runs in libuv's pool, of four threads, and takes a core for some 15 ms: two at a time leave
 * two threads to the rest of the server.
 */
const defaultLimits: VerificationLimits = {
  concurrency: Math.min(2, availableParallelism()),
  maxWaitMs: 2_000,
  expectedMs: 50,
};

/**
 * Where system users log in with their passwords a check takes PAM up to some seconds, nearly all of which
 * it waits. So many at a time are as many helpers as the monitor starts (src/os/users/password-helper.ts).
 */
export const systemLimits: VerificationLimits = {
  concurrency: 16,
  maxWaitMs: 10_000,
  expectedMs: 500,
};

/** Places that there are however long a task takes: one late task must not shut everybody out. */
const minPlaces = 8;

/** The weight of the latest task in the mean. */
const smoothing = 0.1;

/**
 * While both lanes wait, this many turns go to known applicants and then one to a stranger; places
 * likewise, so that in either lane nobody waits longer than in the whole queue.
 */
const knownRuns = 3;

interface Entry {
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
  readonly isWanted: () => boolean;
}

interface Lane {
  /** What waits, by holder; the holder whose turn is next stands first. */
  readonly holders: Map<string, Entry[]>;
  size: number;
}

/**
 * A queue in two lanes: for accounts that have been let in from the same address before, and for
 * strangers. In each the holders take turns: accounts among known applicants, else addresses, of
 * IPv6 a /56, which is what one customer has. When the queue is full, the lane that takes more than its
 * share makes room: in it the holder that has most loses its latest. `now` gives milliseconds from any
 * beginning.
 */
export function createVerificationQueue(
  { concurrency, maxWaitMs, expectedMs }: VerificationLimits = defaultLimits,
  now: () => number = () => performance.now(),
): VerificationQueue {
  const known: Lane = { holders: new Map(), size: 0 };
  const strangers: Lane = { holders: new Map(), size: 0 };
  const size = () => known.size + strangers.size;
  let running = 0;
  let meanMs = expectedMs;
  let runsOfKnown = 0;

  async function perform<T>(task: () => Promise<T>): Promise<T> {
    running += 1;
    const begun = now();
    try {
      return await task();
    } finally {
      running -= 1;
      meanMs += smoothing * (Math.min(now() - begun, maxWaitMs) - meanMs);
      startWaiting();
    }
  }

  function startWaiting(): void {
    while (running < concurrency && size() > 0) {
      const entry = takeFirst(nextLane());
      if (entry.isWanted()) entry.start();
      else entry.refuse(new GoneError());
    }
  }

  function nextLane(): Lane {
    if (known.size === 0) return strangers;
    const isKnownNext = strangers.size === 0 || runsOfKnown < knownRuns;
    runsOfKnown = isKnownNext ? runsOfKnown + 1 : 0;
    return isKnownNext ? known : strangers;
  }

  function takeFirst(lane: Lane): Entry {
    const [first] = lane.holders;
    const [key, entries] = first ?? [];
    const entry = entries?.shift();
    if (key === undefined || entries === undefined || entry === undefined) throw new Error('empty');
    lane.size -= 1;
    lane.holders.delete(key);
    if (entries.length > 0) lane.holders.set(key, entries);
    return entry;
  }

  const places = () => Math.max(minPlaces, Math.floor((concurrency * maxWaitMs) / meanMs));
  const isFull = () => size() >= places();

  function dropUnwanted(lane: Lane): void {
    for (const [key, entries] of lane.holders) {
      const wanted = entries.filter((entry) => entry.isWanted());
      if (wanted.length === entries.length) continue;
      lane.size -= entries.length - wanted.length;
      if (wanted.length > 0) lane.holders.set(key, wanted);
      else lane.holders.delete(key);
      for (const entry of entries) if (!wanted.includes(entry)) entry.refuse(new GoneError());
    }
  }

  /** Makes room for one more of that holder. False when it is itself the one that has to give way. */
  function makeRoom(lane: Lane, key: string): boolean {
    const ofKnown = known.size + (lane === known ? 1 : 0);
    const isOver = ofKnown > Math.floor((places() * knownRuns) / (knownRuns + 1));
    const giving = isOver || size() === known.size ? known : strangers;
    const own = giving === lane ? key : null;
    let largest = own;
    let most = own === null ? 0 : (lane.holders.get(own)?.length ?? 0) + 1;
    for (const [other, { length }] of giving.holders) {
      // One that has as many as this one does not give way, else the one whose turn is last.
      if (length > most || (length === most && largest !== own)) [largest, most] = [other, length];
    }
    if (largest === null || largest === own) return false;
    const entries = giving.holders.get(largest);
    entries?.pop()?.refuse(overloaded());
    if (entries?.length === 0) giving.holders.delete(largest);
    giving.size -= 1;
    return true;
  }

  const overloaded = () => tooManyLogins(Math.ceil(maxWaitMs / 1000));

  function enter(
    { address, account, isKnown, isWanted }: Applicant,
    entry: Omit<Entry, 'isWanted'>,
  ) {
    const lane = isKnown ? known : strangers;
    const key = isKnown ? account : (customerKeys(address)?.[56] ?? address);
    if (isFull()) for (const each of [known, strangers]) dropUnwanted(each);
    if (isFull() && !makeRoom(lane, key)) {
      entry.refuse(overloaded());
      return;
    }
    const entries = lane.holders.get(key) ?? [];
    entries.push({ ...entry, isWanted });
    lane.holders.set(key, entries);
    lane.size += 1;
    startWaiting();
  }

  return {
    run: (applicant, task) =>
      new Promise((resolve, reject) => {
        const start = () => {
          perform(task).then(resolve, reject);
        };
        enter(applicant, { start, refuse: reject });
      }),

    get size() {
      return size();
    },
  };
}
