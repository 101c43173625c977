import type { Activity, Change, Fact, Interval } from './log.ts';

type Connected = Extract<Fact, { kind: 'connected' }>;
type LoggedIn = Extract<Fact, { kind: 'logged-in' }>;

/** Everything that the drivers logged of one session. */
export interface SessionHistory {
  readonly session: number;
  readonly connected: Change & { readonly fact: Connected };
  readonly loggedIn: (Change & { readonly fact: LoggedIn }) | null;
  /** In the order of their beginnings. */
  readonly activities: readonly Doing[];
  /** Null while it goes on. */
  readonly ended: Interval | null;
  /** Null while its daemon may not have learned of its end. */
  readonly reaped: Interval | null;
}

export interface Doing {
  /** When it began. */
  readonly began: Change;
  readonly activity: Activity;
}

/** The drivers' log, ordered by session. */
export interface History {
  /** A session's changes have to come in order. */
  add(change: Change): void;
  /** Forgets the sessions that had surely ended at that moment. */
  forgetBefore(moment: number): void;
  all(): Iterable<SessionHistory>;
  withPid(pid: number): readonly SessionHistory[];
  /** Sessions so far whose pid another session had had before. */
  readonly reusedPids: number;
}

interface Growing extends SessionHistory {
  loggedIn: SessionHistory['loggedIn'];
  activities: Doing[];
  ended: Interval | null;
  reaped: Interval | null;
}

export function createHistory(): History {
  const sessions = new Map<number, Growing>();
  const byPid = new Map<number, Growing[]>();
  const usedPids = new Set<number>();
  let reusedPids = 0;

  function begin(change: Change, fact: Connected): void {
    const session: Growing = {
      session: change.session,
      connected: { ...change, fact },
      loggedIn: null,
      activities: [],
      ended: null,
      reaped: null,
    };
    sessions.set(session.session, session);
    isProcess(session, fact.pid);
  }

  function isProcess(session: Growing, pid: number): void {
    byPid.set(pid, [...(byPid.get(pid) ?? []), session]);
    if (usedPids.has(pid)) reusedPids++;
    usedPids.add(pid);
  }

  function forgetPid(pid: number, number: number): void {
    const rest = byPid.get(pid)?.filter(({ session }) => session !== number) ?? [];
    if (rest.length === 0) byPid.delete(pid);
    else byPid.set(pid, rest);
  }

  return {
    add(change) {
      const { fact } = change;
      if (fact.kind === 'connected') {
        begin(change, fact);
        return;
      }
      const session = sessions.get(change.session);
      if (session === undefined) throw new Error(`${fact.kind} of an unknown session`);
      if (fact.kind === 'logged-in') {
        session.loggedIn = { ...change, fact };
        if (fact.pid !== undefined) isProcess(session, fact.pid);
      }
      if (fact.kind === 'doing') {
        session.activities.push({ began: change, activity: fact.activity });
      }
      if (fact.kind === 'ended') session.ended = change;
      if (fact.kind === 'reaped') session.reaped = change;
    },

    forgetBefore(moment) {
      for (const [number, { ended, connected, loggedIn }] of sessions) {
        if (ended === null || ended.to >= moment) continue;
        sessions.delete(number);
        forgetPid(connected.fact.pid, number);
        if (loggedIn?.fact.pid !== undefined) forgetPid(loggedIn.fact.pid, number);
      }
    },

    all: () => sessions.values(),
    withPid: (pid) => byPid.get(pid) ?? [],
    get reusedPids() {
      return reusedPids;
    },
  };
}
