import { isLiving } from '../os/processes/procfs/facts.ts';
import type { LookedSession } from '../sessions/looked-session.ts';
import type { LogLine } from './log-line.ts';
import { lookedLine, splitFiles } from './session-line.ts';
import type { Transferring, Transfers } from './transfers.ts';

/** A session that a scan has seen, until its process is gone. */
export interface OpenLooked {
  readonly pid: number;
  readonly start: string;
  session: LookedSession;
  readonly transferring: Transferring;
  /** It was to be ended by uapid. */
  isEnding: boolean;
}

export interface LookedOptions {
  readonly procRoot: string;
  readonly writesBegin: boolean;
  readonly nameOf: (uid: number) => string | null;
  readonly write: (line: LogLine) => void;
  readonly transfers: Transfers;
  /** Calls with the name of whom a session was ended for, once that is known. */
  readonly whenNamed: (session: OpenLooked, put: (by: string | null) => void) => void;
}

export interface LookedSessions {
  add(sessions: readonly LookedSession[]): void;
  get(pid: number): OpenLooked | undefined;
  close(): void;
}

/**
 * Sessions of daemons that tell of none by events: from the first scan that saw them, which somebody
 * asked for, until their process is gone, which is looked for while there are any. How often depends
 * on how many they are, so that it stays some thousandth of a processor.
 */
export function createLookedSessions(options: LookedOptions): LookedSessions {
  const { procRoot, writesBegin, nameOf, write, transfers, whenNamed } = options;
  const open = new Map<number, OpenLooked>();
  let timer: NodeJS.Timeout | null = null;

  function lookLater(): void {
    if (timer !== null || open.size === 0) return;
    timer = setTimeout(
      () => {
        timer = null;
        for (const each of [...open.values()]) {
          const { pid, start } = each;
          if (!isLiving(procRoot, { pid, startTime: start })) finish(each);
        }
        if (open.size > 0) transfers.read();
        for (const each of open.values()) writeFiles(each);
        lookLater();
      },
      Math.max(minPauseMs, open.size * pausePerSessionMs),
    );
  }

  /** Those of a session with very many files, before its end. */
  function writeFiles({ session, transferring }: OpenLooked): void {
    const files = transfers.takeMany(transferring);
    if (files.length === 0) return;
    const line = { ...lookedLine(session, 'begin', nameOf), event: 'files' as const, files };
    for (const part of splitFiles(line)) write(part);
  }

  function finish(each: OpenLooked): void {
    const { pid, session, isEnding } = each;
    open.delete(pid);
    const endedAt = Date.now();
    const seen = transfers.end(each.transferring);
    const put = (by: string | null) => {
      const end = isEnding ? ('ended' as const) : ('unknown' as const);
      const line = lookedLine(session, { end, endedAt, by, transfers: seen }, nameOf);
      for (const part of splitFiles(line)) write(part);
    };
    if (isEnding) whenNamed(each, put);
    else put(null);
  }

  function begin(session: LookedSession): void {
    const { pid, startTime: start, daemon } = session;
    const each: OpenLooked = {
      pid,
      start,
      session,
      isEnding: false,
      transferring: {
        daemon,
        master: daemon,
        seen: 'looks',
        process: { pid },
        id: () => null,
        user: () => each.session.user,
        address: () => each.session.remoteAddress,
        connectedAt: () =>
          each.session.connectedAt === null ? null : each.session.connectedAt * 1000,
      },
    };
    open.set(pid, each);
    transfers.begin(each.transferring);
    if (writesBegin) write(lookedLine(session, 'begin', nameOf));
  }

  return {
    add(sessions) {
      for (const session of sessions) {
        const known = open.get(session.pid);
        if (known?.start === session.startTime) {
          known.session = session;
          transfers.lookUp(known.transferring);
          continue;
        }
        if (known !== undefined) finish(known);
        begin(session);
      }
      lookLater();
    },
    get: (pid) => open.get(pid),
    close: () => {
      if (timer !== null) clearTimeout(timer);
    },
  };
}

const minPauseMs = 500;
const pausePerSessionMs = 5;
