import { isLiving } from '../os/processes/procfs/facts.ts';
import type { LookedSession } from '../sessions/looked-session.ts';
import { createEndTimes } from './ended-at.ts';
import { createLastOnes } from './last-ones.ts';
import type { LogLine, SessionLine } from './log-line.ts';
import type { EndingProcess } from './messages.ts';
import { type HowEnded, lookedLine, lookedName, splitFiles } from './session-line.ts';
import type { Transferring, Transfers } from './transfers.ts';

/** A session that a scan has seen, until its process is gone. */
export interface OpenLooked {
  readonly pid: number;
  readonly start: string;
  /** As it stands in the log. */
  readonly name: string;
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
  /** The one that is this very process. */
  get(process: EndingProcess): OpenLooked | undefined;
  /** The lines of those that last, as at their begin. */
  begins(): readonly SessionLine[];
  close(): void;
}

/**
 * Sessions of daemons that tell of none by events: from the first scan that saw them, which somebody
 * asked for, until their process is gone, which is looked for while there are any. How often depends
 * on how many they are, so that it stays some thousandth of a processor.
 */
export function createLookedSessions(options: LookedOptions): LookedSessions {
  const { procRoot, writesBegin, nameOf, write, transfers, whenNamed } = options;
  /** By pid: no two processes have one at a time. */
  const open = new Map<number, OpenLooked>();
  /** Those that have ended, the oldest first: a scan that saw them may be told of later. */
  const over = createLastOnes(maxOver);
  const endOf = createEndTimes(procRoot);
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

  /** A later scan may tell another time of connection: the name stays, which all lines of a session share. */
  function lineOf({ session, name }: OpenLooked, how: HowEnded | 'begin'): SessionLine {
    return { ...lookedLine(session, how, nameOf), id: name };
  }

  /** Those of a session with very many files, before its end. */
  function writeFiles(each: OpenLooked): void {
    const files = transfers.takeMany(each.transferring);
    if (files.length === 0) return;
    const line = { ...lineOf(each, 'begin'), event: 'files' as const, files };
    for (const part of splitFiles(line)) write(part);
  }

  function finish(each: OpenLooked): void {
    const { pid, start, isEnding } = each;
    open.delete(pid);
    over.add(keyOf(pid, start));
    const endedAt = endOf(each);
    const seen = transfers.end(each.transferring);
    const put = (by: string | null) => {
      const end = isEnding ? ('ended' as const) : ('unknown' as const);
      const line = lineOf(each, { end, endedAt, by, transfers: seen });
      for (const part of splitFiles(line)) write(part);
    };
    if (isEnding) whenNamed(each, put);
    else put(null);
  }

  function begin(session: LookedSession): OpenLooked {
    const { pid, startTime: start, daemon } = session;
    const each: OpenLooked = {
      pid,
      start,
      name: lookedName(session),
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
    if (writesBegin) write(lineOf(each, 'begin'));
    return each;
  }

  return {
    add(sessions) {
      for (const session of sessions) {
        const { pid, startTime: start } = session;
        const known = open.get(pid);
        if (known?.start === start) {
          known.session = withWhatWasKnown(session, known.session);
          transfers.lookUp(known.transferring);
          continue;
        }
        if (over.has(keyOf(pid, start))) continue;
        if (known === undefined) {
          begin(session);
          continue;
        }
        // What a scan saw may be told of after what another one saw later, or events told.
        const isBefore = Number(start) < Number(known.start);
        if (isBefore) open.delete(pid);
        else finish(known);
        const begun = begin(session);
        if (!isBefore) continue;
        finish(begun);
        open.set(pid, known);
      }
      lookLater();
    },
    get: ({ pid, start }) => {
      const known = open.get(pid);
      return known?.start === start ? known : undefined;
    },
    begins: () => (writesBegin ? [...open.values()].map((each) => lineOf(each, 'begin')) : []),
    close: () => {
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** Once its connection is gone, as before its end, a scan knows less of a session than one before. */
function withWhatWasKnown(session: LookedSession, before: LookedSession): LookedSession {
  const { user, isUserProven } = session.user === null ? before : session;
  const { seen: _, ...facts } = session;
  return {
    ...facts,
    ...(before.seen && { seen: before.seen }),
    ownerUid: session.ownerUid ?? before.ownerUid,
    user,
    isUserProven,
    remoteAddress: session.remoteAddress ?? before.remoteAddress,
    remotePort: session.remotePort ?? before.remotePort,
    localPort: session.localPort ?? before.localPort,
    protocol: session.protocol ?? before.protocol,
    connectedAt: session.connectedAt ?? before.connectedAt,
  };
}

const keyOf = (pid: number, start: string) => `${pid} ${start}`;

/** More than end until what scans have seen is told of. */
const maxOver = 10_000;
const minPauseMs = 500;
const pausePerSessionMs = 5;
