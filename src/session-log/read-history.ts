import type { FileHandle } from 'node:fs/promises';
import type { HistoryQuery } from '../sessions/history.ts';
import { followLines } from './follow-lines.ts';
import { createFilter, hasFile } from './history-query.ts';
import {
  type FileLine,
  formatTime,
  type GapCause,
  type GapLine,
  parseLine,
  type SessionLine,
} from './log-line.ts';
import { type ReadProgress, readLogLines } from './read-lines.ts';

export interface HistoryReader {
  /** A session that has ended, in the order in which they did. */
  readonly onSession: (line: SessionLine) => void;
  /** Something may be missing in the time that was asked for. */
  readonly onGap: (line: GapLine) => void;
  readonly onProgress?: (progress: ReadProgress) => void;
  /** There is one that is meant, and left out since nothing proved that it is the asker's. */
  readonly onWithheld?: () => void;
}

/**
 * Reads from the log at a path which sessions there were; last come those whose end is not in it, of
 * which it knows only where begins are written down (`--session-log-begin`). Throws the system's error
 * where a file cannot be read, and RangeError for a query that makes no sense.
 */
export async function readHistory(
  path: string,
  query: HistoryQuery,
  reader: HistoryReader,
): Promise<void> {
  const take = createTaker(query, reader);
  for await (const lines of readLogLines(path, { ...reader, since: firstLine(query) })) {
    for (const line of lines) take.line(line);
  }
  take.gapsThatLast();
  for (const line of take.open()) reader.onSession(line);
}

/**
 * The same, and then each session as it ends, until the signal. `onCaughtUp` is called when all that was
 * there is told.
 */
export async function followHistory(
  path: string,
  query: HistoryQuery,
  reader: HistoryReader & { readonly onCaughtUp: () => void },
  signal: AbortSignal,
): Promise<void> {
  const take = createTaker(query, reader);
  let current: FileHandle | null = null;
  let position = 0;
  const onCurrent = (file: FileHandle, read: number) => {
    current = file;
    position = read;
  };
  for await (const lines of readLogLines(path, { ...reader, since: firstLine(query), onCurrent })) {
    for (const line of lines) take.line(line);
  }
  take.gapsThatLast();
  reader.onCaughtUp();
  for await (const lines of followLines(path, { current, position, signal })) {
    for (const line of lines) take.line(line);
  }
}

/** The files of a session that lasts may be in a file that was set aside long before its end. */
function firstLine({ since, file = null, files = false }: HistoryQuery): number | null {
  return file !== null || files ? null : since;
}

/** When the oldest line of the log is from, in ms since the epoch; null for a log without one. */
export async function beginOfHistory(path: string): Promise<number | null> {
  for await (const lines of readLogLines(path, { since: null })) {
    for (const text of lines) {
      const line = parseLine(text);
      if (line === null) continue;
      const time = line.event === 'gap' ? line.at : (line.ended_at ?? line.connected_at);
      if (time !== null) return Date.parse(time);
    }
  }
  return null;
}

/** Takes the lines of a log one after the other. */
function createTaker(
  query: HistoryQuery,
  { onSession, onGap, onWithheld = () => {} }: HistoryReader,
) {
  const filter = createFilter(query);
  const isMeant = gapFilter(query);
  /** Those that have begun and not ended. */
  const connected = new Map<string, SessionLine>();
  const { file = null, files: wantsFiles = false } = query;
  const word = JSON.stringify(file ?? '').slice(1, -1);
  /** Of those that have not ended: that one of their files is meant, and their files so far. */
  const meant = new Set<string>();
  const filesOf = new Map<string, FileLine[]>();
  /** Those whose end nobody saw, until they show again. */
  const lost = new Map<string, SessionLine>();

  /** Until its end, or that of its recorder. */
  let lasting: GapLine | null = null;
  /** What is known of some daemons by looks alone, until their scoreboards tell. */
  const looksOnly = new Map<string | null, GapLine>();
  let isLive = false;

  function takeGap(gap: GapLine): void {
    if (gap.cause === 'looks-only' && !isLive) {
      // Each file of the log, and each recorder, has it anew.
      const since = looksOnly.get(gap.daemon)?.since;
      const isLonger = since != null && gap.since != null && since < gap.since;
      looksOnly.set(gap.daemon, isLonger ? { ...gap, since } : gap);
      return;
    }
    const before = gap.cause === 'slots-only' ? looksOnly.get(gap.daemon) : undefined;
    if (before !== undefined) {
      looksOnly.delete(gap.daemon);
      const end = gap.since ?? gap.at;
      // Where the clock was set back in between, when it was written is all that is certain.
      tellGap({ ...before, at: end < (before.since ?? '') ? gap.at : end }, true);
    }
    if (gap.open === true) {
      // Each file of the log has it anew.
      lasting = gap;
      return;
    }
    if (lasting !== null && isEndOf(gap, lasting)) lasting = null;
    if (gap.cause === 'not-running') {
      if (lasting !== null) {
        const { open: _, ...rest } = lasting;
        tellGap({ ...rest, at: gap.at });
      }
      lasting = null;
      for (const [id, line] of connected) {
        const isWanted = query.since === null || Date.parse(gap.at) >= query.since;
        if (isWanted)
          lost.set(id, { ...line, end: 'unknown', why: { ...line.why, ended_at: 'not-seen' } });
      }
      connected.clear();
      // The next recorder reads them anew.
      filesOf.clear();
    }
    tellGap(gap);
  }

  function tellGap(gap: GapLine, hasEnded = false): void {
    const told = query.scope.kind === 'everybody' ? gap : toHours(gap);
    if (isMeant(told, hasEnded)) onGap(told);
  }

  function takeFiles(line: SessionLine): void {
    if (!filter.matches(line)) return;
    if (file !== null && hasFile(line, file)) meant.add(line.id);
    if (!wantsFiles) return;
    const files = filesOf.get(line.id) ?? [];
    filesOf.set(line.id, files);
    for (const each of line.files ?? []) files.push(each);
  }

  function takeSession(line: SessionLine): void {
    if (line.event === 'files') {
      takeFiles(line);
      return;
    }
    lost.delete(line.id);
    connected.delete(line.id);
    const isBegin = line.event === 'begin';
    if (filter.isWithheld(line)) onWithheld();
    if (filter.matches(line)) {
      if (isBegin) connected.set(line.id, line);
      else if (hasMeant(line)) onSession(withFiles(line));
    }
    if (isBegin) return;
    meant.delete(line.id);
    filesOf.delete(line.id);
  }

  function hasMeant(line: SessionLine): boolean {
    return file === null || meant.has(line.id) || hasFile(line, file);
  }

  function withFiles(line: SessionLine): SessionLine {
    const { files, ...bare } = line;
    if (!wantsFiles) return files === undefined ? line : bare;
    const before = filesOf.get(line.id);
    return before === undefined ? line : { ...bare, files: [...before, ...(files ?? [])] };
  }

  return {
    line(text: string): void {
      // The end of one that has begun counts also where it is not wanted.
      const isOpen = connected.size > 0 || lost.size > 0 || meant.size > 0 || filesOf.size > 0;
      const isTold = text.startsWith(gapStart) || text.startsWith(beginStart);
      if (!isOpen && !isTold && file !== null && !text.includes(word)) return;
      if (!isOpen && !text.startsWith(gapStart) && !filter.mayMatch(text)) return;
      const line = parseLine(text);
      if (line?.event === 'gap') takeGap(line);
      else if (line !== null) takeSession(line);
    },
    /** Tells the gaps whose end is not in the log; those that come later are told at once. */
    gapsThatLast(): void {
      if (lasting !== null) tellGap(lasting);
      for (const gap of looksOnly.values()) tellGap(gap);
      looksOnly.clear();
      isLive = true;
    },
    /** Those whose end is not in the log: nobody saw it, or they are connected. */
    open: (): SessionLine[] =>
      [...lost.values(), ...connected.values()].filter(hasMeant).map(withFiles),
  };
}

function isEndOf(gap: GapLine, { cause, since }: GapLine): boolean {
  return gap.cause === cause && gap.since === since;
}

const hourMs = 3_600_000;
/** Causes that come from one connection, or one person, of anybody's. */
const ofOthers: ReadonlySet<GapCause> = new Set(['record-missed', 'record-unreadable', 'deleted']);

/** When others connected, to the millisecond, is nothing for an account that sees its own sessions. */
function toHours(gap: GapLine): GapLine {
  if (!ofOthers.has(gap.cause)) return gap;
  const [since, at] = [Date.parse(gap.since ?? gap.at), Date.parse(gap.at)];
  return {
    ...gap,
    since: formatTime(Math.floor(since / hourMs) * hourMs),
    at: formatTime(Math.ceil((at + 1) / hourMs) * hourMs),
  };
}

const gapStart = '{"event":"gap"';
const beginStart = '{"event":"begin"';

const withoutEnd: ReadonlySet<GapCause> = new Set(['looks-only', 'slots-only', 'sftp-looks-only']);

/** Whether something may be missing in the time that was asked for; some causes last unless they have ended. */
function gapFilter({ since, until }: HistoryQuery): (gap: GapLine, hasEnded: boolean) => boolean {
  const [begin, end] = [since, until].map((time) => (time === null ? null : formatTime(time)));
  return ({ at, since: from, cause, open }, hasEnded) => {
    const lasts = open === true || (withoutEnd.has(cause) && !hasEnded);
    return (lasts || begin == null || at >= begin) && (end == null || (from ?? at) <= end);
  };
}
