import type { Host } from '../../access/host.ts';
import { pastOwnershipOf } from '../../access/owner.ts';
import type { Account } from '../../accounts/account.ts';
import { createTurns, type Turns } from '../../lib/turns.ts';
import type { NoHistory } from '../../session-log/history-answer.ts';
import type { SessionLine } from '../../session-log/log-line.ts';
import type { HistoryQuery } from '../../sessions/history.ts';
import type { Warning } from '../../sessions/warning.ts';
import { ApiError } from '../call/api-error.ts';
import type { ErrorCode } from '../envelope/error-codes.ts';

/** An account reads the log once at a time, and so many of its calls wait. */
const maxWaiting = 1_000;

/** What each function keeps that reads the log. */
export const createHistoryTurns = () => createTurns(maxWaiting);

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

interface Asking {
  readonly account: Account;
  /** Who asks: the account, or the one that acts for it. */
  readonly by: string;
  readonly host: Host;
  readonly kept: Turns;
}

/**
 * Reads from the session log what an account may see of what is asked for: sessions, newest last, and what
 * may be missing. Throws ApiError where there is no answer.
 */
export async function askHistory(
  { account, by, host, kept }: Asking,
  asked: Omit<HistoryQuery, 'scope'>,
): Promise<{ readonly sessions: readonly SessionLine[]; readonly warnings: readonly Warning[] }> {
  if (host.history === undefined) throw refusalOf('off');
  const { history } = host;
  const { scope, warnings } = await pastOwnershipOf(account, host.accounts, host.systemUsers);
  const answer = await kept.take(by, () => history.read({ scope, ...asked }));
  if (answer === null) throw refusalOf('busy');
  if (answer.kind === 'none') throw refusalOf(answer.reason);
  return { sessions: answer.sessions, warnings: [...warnings, ...answer.warnings] };
}
