import type { TransferLine } from '../daemons/transfer-line.ts';
import { normalAddress } from '../lib/client-address.ts';
import { type FileLine, formatTime } from './log-line.ts';

/** What was read of one session. */
export interface Sum {
  count: number;
  /** Null where they are more than a number can be exact to, as no session's are: somebody made that up. */
  bytes: number | null;
  files: FileLine[];
  seenAt: number;
}

/** Whose transfers are wanted: a session by its name, its login and its peer. */
export interface NamedSession {
  id(): string | null;
  user(): string | null;
  address(): string | null;
}

/** Transfers that a log tells by the daemon's own name of their session, until somebody asks for them. */
export interface NamedSums {
  add(line: TransferLine & { readonly session: string }): void;
  /** Takes a session's out; undefined where there are none. */
  take(session: NamedSession): Sum | undefined;
  /** Drops what nobody has asked for within so many ms, and what names one of these and is not its. */
  prune(open: Iterable<NamedSession>, waitMs: number): void;
}

interface NamedSum extends Sum {
  readonly user: string;
  readonly peer: string;
}

export const newSum = (): Sum => ({ count: 0, bytes: 0, files: [], seenAt: Date.now() });

/** Adds a transfer that was over at that time, in ms since the epoch. */
export function addTransfer(sum: Sum, line: TransferLine, at: number | undefined): void {
  sum.count += 1;
  sum.bytes = exactSum(sum.bytes, line.bytes);
  sum.files.push({
    at: at === undefined ? null : formatTime(at),
    direction: line.direction,
    bytes: line.bytes,
    seconds: line.seconds,
    whole: line.isWhole,
    file: line.file,
  });
}

/** Adds what was read of the same session elsewhere. */
export function addSum(sum: Sum, { count, bytes, files }: Sum): void {
  sum.count += count;
  sum.bytes = exactSum(sum.bytes, bytes);
  for (const file of files) sum.files.push(file);
}

function exactSum(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return null;
  return Number.isSafeInteger(a + b) ? a + b : null;
}

/**
 * A line counts for a session only where its login and peer are that one's, too. Whoever may make folders
 * may write whole lines into the log, by the name of one, and a session's name is no secret.
 */
export function createNamedSums(): NamedSums {
  /** By the name of a session, and then by login and peer. */
  const named = new Map<string, Map<string, NamedSum>>();
  let prunedAt = Date.now();
  return {
    add(line) {
      const sums = named.get(line.session) ?? new Map<string, NamedSum>();
      named.set(line.session, sums);
      const { user, peer } = line;
      const key = `${user}\n${peer}`;
      let sum = sums.get(key);
      if (sum === undefined) {
        if (sums.size >= maxPairs) return;
        sum = { ...newSum(), user, peer };
        sums.set(key, sum);
      }
      sum.seenAt = Date.now();
      addTransfer(sum, line, line.endedAt[0]);
    },
    take(session) {
      const name = session.id();
      if (name === null || session.user() === null) return undefined;
      const sums = [...(named.get(name)?.values() ?? [])].filter((each) => mayBeOf(each, session));
      named.delete(name);
      const [first, ...others] = sums;
      if (first !== undefined) for (const each of others) addSum(first, each);
      return first;
    },
    prune(open, waitMs) {
      // Each end of a session comes here, and all that are open are gone through.
      if (named.size === 0 || Date.now() - prunedAt < pruneEveryMs) return;
      const sessions = new Map([...open].map((session) => [session.id(), session]));
      const now = Date.now();
      prunedAt = now;
      for (const [name, sums] of named) {
        const session = sessions.get(name);
        for (const [key, sum] of sums) {
          const isKept = session === undefined ? now - sum.seenAt <= waitMs : mayBeOf(sum, session);
          if (!isKept) sums.delete(key);
        }
        if (sums.size === 0) named.delete(name);
      }
    },
  };
}

const pruneEveryMs = 1_000;

/** A session has one login and one peer, which a log may name in two ways; more are made up. */
const maxPairs = 16;

/** The peer may be a name, where the daemon looks names up, which says nothing. */
function mayBeOf(sum: NamedSum, session: NamedSession): boolean {
  const [user, address, peer] = [session.user(), session.address(), normalAddress(sum.peer)];
  if (user !== null && user !== sum.user) return false;
  return peer === null || address === null || peer === normalAddress(address);
}
