import { setTimeout } from 'node:timers/promises';
import { pastOwnershipOf } from '../../access/owner.ts';
import { createTurns, type Turns } from '../../lib/turns.ts';
import type { NoHistory } from '../../session-log/history-answer.ts';
import type { SessionLine } from '../../session-log/log-line.ts';
import type { HistoryQuery } from '../../sessions/history.ts';
import type { Warning } from '../../sessions/warning.ts';
import { ApiError } from '../call/api-error.ts';
import type { CallContext } from '../call/define-function.ts';
import type { ErrorCode } from '../envelope/error-codes.ts';

/** An account reads the log once at a time, and so many of its calls wait. */
const maxWaiting = 1_000;

/** Answers are megabytes: while its clients have not taken so many of them an account's next call waits. */
const maxUntaken = 4;
/** The same of all accounts. */
const maxUntakenOfAll = 32;
/** A call waits no longer for that, from when it came, in ms. */
const maxPatienceMs = 10_000;
const lookEveryMs = 25;

interface Untaken {
  readonly by: string;
  readonly unsentBytes: () => number;
}

export interface HistoryTurns {
  readonly turns: Turns;
  /** Answers whose clients have not taken all of them, when they were last asked. */
  untaken: readonly Untaken[];
  readonly patienceMs: number;
}

/** What each function keeps that reads the log. */
export const createHistoryTurns = (patienceMs = maxPatienceMs): HistoryTurns => ({
  turns: createTurns(maxWaiting),
  untaken: [],
  patienceMs,
});

const refusals: Record<NoHistory, readonly [text: string, code: ErrorCode]> = {
  off: [
    'This server keeps no session log: its administrator starts it with --session-log FILE.',
    'history-off',
  ],
  'no-address': [
    'The argument “from” is no IP address and no range (ADDRESS/BITS).',
    'argument-invalid',
  ],
  unreadable: ['The session log cannot be read; the server’s log has the cause.', 'history-unread'],
  'too-long': ['The session log takes too long to read: ask for a shorter time.', 'history-unread'],
  busy: ['Others, or your own calls, read the session log already: try again.', 'too-busy'],
};

function refusalOf(reason: NoHistory): ApiError {
  return new ApiError(...refusals[reason]);
}

/** Whether its clients, and all others, have taken enough of what was answered. */
function hasRoom(kept: HistoryTurns, by: string): boolean {
  kept.untaken = kept.untaken.filter((each) => each.unsentBytes() > 0);
  const own = kept.untaken.filter((each) => each.by === by);
  return own.length < maxUntaken && kept.untaken.length < maxUntakenOfAll;
}

/** Reads logs for an account, after its other calls that do. Throws ApiError where too much waits. */
export async function inTurn<Read>(
  { by, kept, unsentBytes }: CallContext<HistoryTurns>,
  read: () => Promise<Read>,
): Promise<Read> {
  const deadline = performance.now() + kept.patienceMs;
  const answer = await kept.turns.take(by, async () => {
    while (!hasRoom(kept, by)) {
      if (performance.now() >= deadline) return null;
      await setTimeout(lookEveryMs);
    }
    const made = { read: await read() };
    kept.untaken = [...kept.untaken, { by, unsentBytes }];
    return made;
  });
  if (answer === null) throw refusalOf('busy');
  return answer.read;
}

/**
 * Reads from the session log what an account may see of what is asked for: sessions, newest last, and what
 * may be missing. Throws ApiError where there is no answer.
 */
export async function askHistory(
  context: CallContext<HistoryTurns>,
  asked: Omit<HistoryQuery, 'scope'>,
): Promise<{ readonly sessions: readonly SessionLine[]; readonly warnings: readonly Warning[] }> {
  const { account, host } = context;
  if (host.history === undefined) throw refusalOf('off');
  const { history } = host;
  const { scope, warnings } = await pastOwnershipOf(account, host.accounts, host.systemUsers);
  const answer = await inTurn(context, () => history.read({ scope, ...asked }));
  if (answer.kind === 'none') throw refusalOf(answer.reason);
  return { sessions: answer.sessions, warnings: [...warnings, ...answer.warnings] };
}
