import { ownershipOf } from '../../access/owner.ts';
import { warningsOfGaps } from '../../daemons/gap-text.ts';
import { localHost } from '../../sessions/identity.ts';
import type { Scope } from '../../sessions/scope.ts';
import type { FtpSession } from '../../sessions/session.ts';
import { type EndedSession, endTimeoutMs, wasEnded } from '../../sessions/session-ender.ts';
import { type Warning, warn } from '../../sessions/warning.ts';
import { ApiError } from '../call/api-error.ts';
import type { CallContext } from '../call/define-function.ts';

/** The sessions that the caller may end, found by a scan for this call. */
export async function ownSessions({ account, host }: CallContext): Promise<OwnSessions> {
  const { scope, isEmpty, warnings } = await ownershipOf(account, host);
  if (isEmpty) return { scope, sessions: [], warnings };
  const { sessions, gaps } = await host.sessions.snapshot(scope);
  return { scope, sessions, warnings: [...warnings, ...warningsOfGaps(gaps)] };
}

export interface OwnSessions {
  readonly scope: Scope;
  readonly sessions: readonly FtpSession[];
  /** Why some of them may not be there. */
  readonly warnings: readonly Warning[];
}

/** Writes down that there was no session of the caller's to end. */
export function recordNone({ host, account, by, address }: CallContext, wanted: NoSession): void {
  const who = { address, account: account.name, by };
  const nothing = { host: localHost, pid: null, start: null, login: null };
  host.audit.record({ event: 'session-ended', ...who, ...nothing, ...wanted, outcome: 'none' });
}

/** What was asked for in vain. */
interface NoSession {
  /** The host that was named, where there are several. */
  readonly host?: string;
  readonly pid?: number;
  readonly start?: string;
  readonly login?: string;
}

interface Endings {
  /** How many sessions are gone. */
  readonly messages: string[];
  /** Which ones are still there. */
  readonly warnings: Warning[];
}

/**
 * What a client is answered about sessions that were to be ended. Throws ApiError, which tells the same,
 * when none was and one is still there: clients that read the status alone would take it for done.
 */
export function answerEndings(results: readonly EndedSession[]): Endings {
  const { messages, warnings } = summariseEndings(results);
  const isUnclear = results.some(({ outcome }) => outcome === 'unconfirmed');
  const isAnyEnded = results.some(({ outcome }) => wasEnded(outcome));
  if (!isAnyEnded && warnings.length > 0)
    throw new ApiError(
      [...messages, ...warnings.map(({ text }) => text)].join(' '),
      isUnclear ? 'session-unconfirmed' : 'session-not-ended',
    );
  return { messages, warnings };
}

/** What became of sessions that were to be ended, in sentences. */
export function summariseEndings(results: readonly EndedSession[]): Endings {
  const ended = results.filter(({ outcome }) => wasEnded(outcome)).length;
  const forced = results.filter(({ outcome }) => outcome === 'killed').length;
  return {
    messages: [`${countOf(ended)} ended${howMany(forced, ended)}.`],
    warnings: [...results.flatMap(warningOf), ...hostWarnings(results)],
  };
}

/** Why hosts of a fleet did not end what they were to end, or may not have: each reason once. */
function hostWarnings(results: readonly EndedSession[]): Warning[] {
  const codes = new Map(
    results.flatMap(({ outcome, why }) => (why === undefined ? [] : [[why, outcome] as const])),
  );
  return Array.from(codes, ([why, outcome]) =>
    warn(outcome === 'unconfirmed' ? 'session-unconfirmed' : 'session-refused', why),
  );
}

function howMany(forced: number, ended: number): string {
  if (forced === 0) return '';
  return forced === ended ? ', by force' : `, ${forced} of them by force`;
}

function countOf(sessions: number): string {
  if (sessions === 0) return 'No FTP session was';
  return sessions === 1 ? '1 FTP session was' : `${sessions} FTP sessions were`;
}

/** One that ended by itself meanwhile is nothing to warn of. */
function warningOf({ identity, session, outcome }: EndedSession): Warning[] {
  const login = session?.user == null ? '' : ` of “${session.user}”`;
  const which = `The FTP session${login} with the PID ${identity.pid}`;
  const seconds = endTimeoutMs / 1000;
  if (outcome === 'remains') {
    const text = `${which} did not end within ${seconds} seconds, nor by force: it is still there.`;
    return [warn('session-remains', text)];
  }
  if (outcome !== 'denied') return [];
  const text = `${which} was not ended: uapid has no right to. Run it as root, on the host itself.`;
  return [warn('session-denied', text)];
}
