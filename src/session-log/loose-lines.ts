import { isIP } from 'node:net';
import type { TransferLine } from '../daemons/transfer-line.ts';

/** Whose a line may be: a session, its logs, and when it was over, or now. */
export interface Span<Session extends LooseSession = LooseSession> {
  readonly session: Session;
  readonly logs: ReadonlySet<string>;
  readonly at: number;
}

export interface LooseSession {
  user(): string | null;
  address(): string | null;
  connectedAt(): number | null;
}

/** What becomes of lines. */
export interface Joined<Session extends LooseSession> {
  /** It is that session's alone; it was over at that time, in ms since the epoch. */
  readonly onSure: (session: Session, line: TransferLine, at: number | undefined) => void;
  /** Each of these may have it. */
  readonly onUnsure: (sessions: readonly Session[]) => void;
}

/** Lines that name no session, until one is found whose they are. */
export interface LooseLines {
  /** How many wait. */
  count(): number;
  /** Whether they are so many that it has to be found whose they are. */
  isFull(): boolean;
  add(line: TransferLine, log: string): void;
  /** Finds whose they are; those that wait for too long, or are too many, are dropped. */
  join<Session extends LooseSession>(
    spans: readonly Span<Session>[],
    joined: Joined<Session>,
  ): void;
  /** Whether one was dropped that may have been this session's. */
  hasDropped(session: LooseSession, logs: ReadonlySet<string>): boolean;
  /** Drops those of a log that is closed: it is read again when it is opened. */
  forget(log: string): void;
}

/** So long a line waits for its session, whose connection may not have been told of yet. */
export const waitMs = 10_000;
/** Times are whole seconds, and a line is written a little after the end. */
export const toleranceMs = 1_500;
const defaultMaxWaiting = 20_000;
/** Of so many users and addresses it is known when lines of theirs were dropped. */
const maxDropped = 10_000;

interface Loose {
  readonly line: TransferLine;
  readonly log: string;
  readonly seenAt: number;
}

/** By their users: of most lines no session has the user at all. */
export function createLooseLines(maxWaiting = defaultMaxWaiting): LooseLines {
  const byUser = new Map<string, Loose[]>();
  let count = 0;
  /** By log, user and address the time of the last line of theirs that was dropped. */
  const dropped = new Map<string, number>();
  /** The same of all others. */
  let droppedOfOthers = 0;

  function drop({ line, log, seenAt }: Loose): void {
    const key = keyOf(log, line.user, isIP(line.peer) === 0 ? '' : line.peer);
    // Of its times by this host's zone and by UTC none is later than when it was read.
    const times = line.endedAt.filter((time) => time <= seenAt + toleranceMs);
    dropped.set(key, Math.max(dropped.get(key) ?? 0, ...times));
    if (dropped.size <= maxDropped) return;
    for (const time of dropped.values()) droppedOfOthers = Math.max(droppedOfOthers, time);
    dropped.clear();
  }

  function keep(user: string, lines: Loose[]): void {
    count += lines.length - (byUser.get(user)?.length ?? 0);
    if (lines.length === 0) byUser.delete(user);
    else byUser.set(user, lines);
  }

  /** The oldest of each user go first, by the same share. */
  function dropTooMany(): void {
    if (count <= maxWaiting) return;
    const share = maxWaiting / count / 2;
    for (const [user, lines] of [...byUser]) {
      const from = lines.length - Math.floor(lines.length * share);
      for (const each of lines.slice(0, from)) drop(each);
      keep(user, lines.slice(from));
    }
  }

  return {
    count: () => count,
    isFull: () => count > maxWaiting,
    add(line, log) {
      const lines = byUser.get(line.user) ?? [];
      byUser.set(line.user, lines);
      lines.push({ line, log, seenAt: Date.now() });
      count += 1;
    },
    join<Session extends LooseSession>(
      spans: readonly Span<Session>[],
      { onSure, onUnsure }: Joined<Session>,
    ) {
      if (count === 0) return;
      const now = Date.now();
      const { unnamed, named } = spansByUser(spans);
      const unnamedBegin = firstBegin(unnamed);
      const isOld = ({ seenAt }: Loose) => now - seenAt > waitMs;
      for (const [user, lines] of [...byUser]) {
        const own = named.get(user) ?? [];
        const begin = Math.min(unnamedBegin, firstBegin(own));
        const kept = lines.filter((each) => {
          const couldBe = Math.max(...each.line.endedAt) >= begin;
          if (couldBe && !isOld(each) && unnamed.some((other) => mayBe(each, other))) return true;
          const [only, ...others] = couldBe ? own.filter((other) => mayBe(each, other)) : [];
          if (only === undefined) {
            if (isOld(each)) drop(each);
            return !isOld(each);
          }
          if (others.length > 0) onUnsure([only, ...others].map(({ session }) => session));
          else onSure(only.session, each.line, endWithin(each.line, only));
          return false;
        });
        keep(user, kept);
      }
      dropTooMany();
    },
    hasDropped(session, logs) {
      const [user, address] = [session.user(), session.address()];
      const begin = beginOf({ session });
      if (user === null || droppedOfOthers >= begin) return user !== null;
      const users = isAnonymous(user) ? [user, ''] : [user];
      const keys = [...logs].flatMap((log) =>
        users.flatMap((name) => ['', address ?? ''].map((peer) => keyOf(log, name, peer))),
      );
      return keys.some((key) => (dropped.get(key) ?? 0) >= begin);
    },
    forget(log) {
      for (const [user, lines] of [...byUser]) {
        keep(
          user,
          lines.filter((each) => each.log !== log),
        );
      }
      for (const key of dropped.keys()) if (key.startsWith(`${log}\n`)) dropped.delete(key);
    },
  };
}

const keyOf = (log: string, user: string, peer: string) => `${log}\n${user}\n${peer}`;

function beginOf({ session }: Pick<Span, 'session'>): number {
  return (session.connectedAt() ?? 0) - toleranceMs;
}

/** Infinity for none. */
const firstBegin = (spans: readonly Span[]) =>
  spans.reduce((first, span) => Math.min(first, beginOf(span)), Number.POSITIVE_INFINITY);

function spansByUser<Session extends LooseSession>(spans: readonly Span<Session>[]) {
  const named = new Map<string, Span<Session>[]>();
  const unnamed: Span<Session>[] = [];
  for (const span of spans) {
    const user = span.session.user();
    if (user === null) unnamed.push(span);
    // Of an anonymous one the log has no user.
    for (const name of user === null ? [] : isAnonymous(user) ? [user, ''] : [user]) {
      const known = named.get(name) ?? [];
      named.set(name, known);
      known.push(span);
    }
  }
  return { named, unnamed };
}

/** Whether a line may be a session's, by all but its user. */
function mayBe({ line, log }: Loose, span: Span): boolean {
  const address = span.session.address();
  if (!span.logs.has(log) || endWithin(line, span) === undefined) return false;
  return isIP(line.peer) === 0 || address === null || address === line.peer;
}

const isAnonymous = (user: string) => user === 'ftp' || user === 'anonymous';

/** The end of a transfer that lies within a session. */
function endWithin(line: TransferLine, { session, at }: Span): number | undefined {
  const from = beginOf({ session });
  return line.endedAt.find((time) => time >= from && time <= at + toleranceMs);
}
