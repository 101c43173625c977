import { type CallOutcome, callFtp } from './api.ts';
import { keyOf, type Session } from './session.ts';
import { text } from './texts.ts';

/** What came of ending sessions. */
export interface Ended {
  /** The sessions that are gone for sure. */
  readonly gone: readonly Session[];
  /** What the reader is told. */
  readonly lines: readonly string[];
  readonly isBad: boolean;
  /** The login has ended before anything else did. */
  readonly isLoginOver: boolean;
}

/** A browser makes no more requests to a server at once (HTTP/1.1), and one is the stream. */
const atOnce = 5;

/** Ends each of these sessions, and no other. */
export async function endEach(securityToken: string, sessions: readonly Session[]): Promise<Ended> {
  const waiting = [...sessions];
  const all: Ended[] = [];
  const endSome = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { pid, start, server } = next;
      const args = { pid: String(pid), start, ...(server === undefined ? {} : { server }) };
      all.push(read(await callFtp(securityToken, 'end_session', args), [next]));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, endSome));
  const [first] = all;
  return first !== undefined && all.length === 1 ? first : together(all);
}

/** Ends every session of the account, also one that has begun since; `shown` are those known of. */
export async function endAll(securityToken: string, shown: readonly Session[]): Promise<Ended> {
  return read(await callFtp(securityToken, 'kill_session', { login: 'all' }), shown);
}

function read(outcome: CallOutcome, sessions: readonly Session[]): Ended {
  const nothing = { gone: [], lines: [], isBad: true, isLoginOver: false };
  if (outcome === 'login-over') return { ...nothing, isLoginOver: true };
  if (outcome === 'unreachable') return { ...nothing, lines: [text('endFailed')] };
  if (outcome.status === 0) return { ...nothing, lines: outcome.errors ?? [] };
  // A warning is about a session that is still there or could not be seen; which one the next look tells.
  const warnings = outcome.warnings ?? [];
  const isBad = warnings.length > 0;
  const messages = outcome.messages ?? [text('ended', { count: sessions.length })];
  return { ...nothing, gone: isBad ? [] : sessions, lines: [...messages, ...warnings], isBad };
}

function together(all: readonly Ended[]): Ended {
  const gone = all.flatMap((each) => each.gone);
  const bad = all.filter(({ isBad }) => isBad);
  const faults = new Set(bad.flatMap(({ lines }) => lines));
  return {
    gone,
    lines: [...(gone.length === 0 ? [] : [text('ended', { count: gone.length })]), ...faults],
    isBad: bad.length > 0,
    isLoginOver: all.some(({ isLoginOver }) => isLoginOver),
  };
}

/** The sessions whose keys are not among these. */
export function without(sessions: readonly Session[], keys: ReadonlySet<string>): Session[] {
  return sessions.filter((session) => !keys.has(keyOf(session)));
}
