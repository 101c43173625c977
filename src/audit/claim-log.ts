import { type Bounded, createBounded } from '../lib/token-bucket.ts';
import { identityKey, type SessionIdentity } from '../sessions/identity.ts';
import {
  type EndedSession,
  type EndOutcome,
  type SessionEnder,
  wasEnded,
} from '../sessions/session-ender.ts';
import { formatAudit } from './audit-line.ts';
import type { Claim } from './claim.ts';

/** The audit log as the worker reaches it, through the monitor. */
export interface ClaimLog {
  /** Writes down what the worker says, marked as such and within bounds. */
  record(claim: Claim): void;
  /**
   * The same ender; that a session was ended is written down even if the worker keeps silent, and
   * at once where what became of it cannot be known.
   */
  witness(ender: SessionEnder): SessionEnder;
  /** Writes down what is still to be said. */
  close(): void;
}

export interface ClaimLogOptions {
  /** Takes a line with its end. */
  readonly write: (line: string) => void;
  /** The clock on the wall. */
  readonly now?: () => Date;
  /** How long the worker has to say for whom it had sessions ended. */
  readonly patienceMs?: number;
  /** How long lines that were dropped are counted before their number is written down. */
  readonly reportAfterMs?: number;
}

/**
 * Bytes of lines. A line has 200 as a rule, so 2,500 at once and 80 a second: that is more refusals
 * than passwords can be verified, and an answer about 1,000 sessions that would not end. Strangers can
 * make refusals, so these have room of their own and push out nothing else. So has what the monitor
 *  has seen: nothing that the worker makes up pushes it out.
 */
const bounds = { burst: 512 * 1024, perSecond: 16 * 1024 };

/** More ends than this are not waited for at once; their lines are written without a name. */
const maxWitnessed = 20_000;

export function createClaimLog({
  write,
  now = () => new Date(),
  patienceMs = 10_000,
  reportAfterMs = 10_000,
}: ClaimLogOptions): ClaimLog {
  const bounded = (kind: LineKind): Bounded =>
    createBounded({
      ...bounds,
      reportAfterMs,
      onDropped: (dropped) => put({ event: 'lines-dropped', address: null, kind, dropped }),
    });
  const room: Readonly<Record<LineKind, Bounded>> = {
    refusals: bounded('refusals'),
    seen: bounded('seen'),
    others: bounded('others'),
  };
  /** What became of sessions of which the worker has yet to say who wanted their end. */
  const witnessed = new Map<string, Witnessed>();

  function put(event: Parameters<typeof formatAudit>[0]): void {
    write(`${formatAudit(event, now())}\n`);
  }

  function record(claim: Claim): void {
    const seen = take(claim);
    const event =
      seen === null
        ? ({ ...claim, claimed: 'line' } as const)
        : ({ ...claim, login: seen.login, claimed: 'caller' } as const);
    const line = `${formatAudit(event as Claim & { claimed: 'line' | 'caller' }, now())}\n`;
    if (seen !== null) writeSeen(line, seen.outcome);
    else if (room[kindOf(claim)].admits(line.length)) write(line);
  }

  /** A process that is gone is gone once: nobody can make many such lines of nothing. */
  function writeSeen(line: string, outcome: EndOutcome | 'failed'): void {
    const isOnce = outcome !== 'failed' && wasEnded(outcome);
    if (isOnce || room.seen.admits(line.length)) write(line);
  }

  /** What the monitor has seen, if the claim tells it and none has told it yet. */
  function take(claim: Claim): Witnessed | null {
    if (claim.event !== 'session-ended' || claim.pid === null) return null;
    const key = identityKey({ host: claim.host, pid: claim.pid, startTime: claim.start ?? '' });
    const seen = witnessed.get(key);
    if (seen?.outcome !== claim.outcome) return null;
    witnessed.delete(key);
    return seen;
  }

  /** One that is named several times has ended once. */
  function remember({ identity, session, outcome }: EndedSession): void {
    const key = identityKey(identity);
    if (session === null || witnessed.has(key)) return;
    const login = session.user;
    witnessed.set(key, { ...identity, login, outcome, dueAt: performance.now() + patienceMs });
    if (witnessed.size > maxWitnessed) writeOut(witnessed.size - maxWitnessed);
  }

  /** Writes down the first ones, whose caller the worker has not told. */
  function writeOut(count: number): void {
    for (const [key, { login, outcome, ...identity }] of [...witnessed].slice(0, count)) {
      witnessed.delete(key);
      writeUnclaimed(identity, login, outcome);
    }
  }

  function writeUnclaimed(
    { host, pid, startTime }: SessionIdentity,
    login: string | null,
    outcome: EndOutcome | 'failed',
  ): void {
    const who = { address: null, account: null, by: null };
    const what = { host, pid, start: startTime, login, outcome, claimed: 'nothing' } as const;
    writeSeen(`${formatAudit({ event: 'session-ended', ...who, ...what }, now())}\n`, outcome);
  }

  /** Signals may have been sent before it broke off. */
  function writeFailed(identities: readonly SessionIdentity[]): void {
    const named = new Map(identities.map((identity) => [identityKey(identity), identity]));
    for (const identity of named.values()) writeUnclaimed(identity, null, 'failed');
  }

  function writeOutDue(): void {
    const at = performance.now();
    const isDue = ({ dueAt }: Witnessed) => dueAt <= at;
    writeOut([...witnessed.values()].filter(isDue).length);
  }

  return {
    record,
    witness: (ender) => ({
      end: async (identities, scope) => {
        const results = await ender.end(identities, scope).catch((error: unknown) => {
          writeFailed(identities);
          throw error;
        });
        for (const result of results) remember(result);
        if (witnessed.size > 0) setTimeout(writeOutDue, patienceMs + 1).unref();
        return results;
      },
    }),
    close: () => {
      writeOut(witnessed.size);
      for (const each of Object.values(room)) each.close();
    },
  };
}

/** What has room of its own. */
export type LineKind = 'refusals' | 'seen' | 'others';

function kindOf({ event }: Claim): LineKind {
  return event.endsWith('-refused') ? 'refusals' : 'others';
}

interface Witnessed extends SessionIdentity {
  readonly login: string | null;
  readonly outcome: EndOutcome;
  /** When the monitor says it itself, on the clock of `performance`. */
  readonly dueAt: number;
}
