import type { HistoryQuery } from '../sessions/history.ts';
import { type Warning, warn } from '../sessions/warning.ts';
import { addressFilter } from './history-query.ts';
import {
  beginWarning,
  countsLines,
  gapWarnings,
  transferWarnings,
  withheldWarning,
} from './history-warnings.ts';
import type { GapLine, SessionLine } from './log-line.ts';
import { beginOfHistory, readHistory } from './read-history.ts';

/** What comes of a question about sessions that were. */
export type HistoryAnswer =
  | {
      readonly kind: 'sessions';
      /** Newest last, those that are still connected behind them. */
      readonly sessions: readonly SessionLine[];
      /** What may be missing; times are in UTC. */
      readonly warnings: readonly Warning[];
    }
  | { readonly kind: 'none'; readonly reason: NoHistory };

/**
 * Why there is no answer: no log is kept, or it cannot be read, not in time, or not now; or what is
 * asked from is no address and no range.
 */
export type NoHistory = 'off' | 'no-address' | 'unreadable' | 'too-long' | 'busy';

/** Answers questions about sessions that were. */
export interface HistorySource {
  read(query: HistoryQuery): Promise<HistoryAnswer>;
}

export interface AnswerLimits {
  /** Of more sessions the newest are told. */
  readonly maxSessions: number;
  /** The same by the length of their lines, in characters. */
  readonly maxLength: number;
}

const defaultLimits: AnswerLimits = { maxSessions: 5_000, maxLength: 4 * 1024 * 1024 };

/**
 * Reads from the log at a path which sessions there were, the newest of them where they are too many
 * for one answer. Throws as `readHistory` does.
 */
export async function readAnswer(
  path: string,
  query: HistoryQuery,
  limits: AnswerLimits = defaultLimits,
): Promise<HistoryAnswer> {
  if (query.from !== null && !isAddressOrRange(query.from)) {
    return { kind: 'none', reason: 'no-address' };
  }
  const newest = createNewest(limits);
  const gaps: GapLine[] = [];
  let isWithheld = false;
  try {
    const begin = beginWarning(await beginOfHistory(path), query.since ?? query.until, isoTime);
    await readHistory(path, query, {
      onSession: (line) => newest.add(withNewestFiles(line)),
      onGap: (gap) => addGap(gaps, gap),
      onWithheld: () => {
        isWithheld = true;
      },
    });
    const isEverybody = query.scope.kind === 'everybody';
    const warnings = [
      ...(begin === null ? [] : [begin]),
      ...gapWarnings(gaps, isoTime, { tellsCounts: isEverybody }),
      ...(isWithheld ? [withheldWarning] : []),
      ...transferWarnings(newest.lines()),
      ...(newest.isCut() ? [tooMany(newest.lines().length)] : []),
    ];
    return { kind: 'sessions', sessions: newest.lines(), warnings };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // Its folder is made with the first line.
    const empty = beginWarning(null, null, isoTime);
    return { kind: 'sessions', sessions: [], warnings: empty === null ? [] : [empty] };
  }
}

function isAddressOrRange(text: string): boolean {
  try {
    return addressFilter(text) !== null;
  } catch {
    return false;
  }
}

/** There may be one for each of millions of connections. */
function addGap(gaps: GapLine[], gap: GapLine): void {
  const index = countsLines.has(gap.cause)
    ? gaps.findIndex(({ cause }) => cause === gap.cause)
    : -1;
  const known = gaps[index];
  if (known === undefined) {
    gaps.push(gap);
    return;
  }
  const [since = known.at, other = gap.at] = [known.since ?? undefined, gap.since ?? undefined];
  gaps[index] = {
    ...known,
    since: since < other ? since : other,
    at: known.at > gap.at ? known.at : gap.at,
    count: (known.count ?? 1) + (gap.count ?? 1),
  };
}

const isoTime = (at: Date) => at.toISOString();

const maxFiles = 5_000;
const maxFilesLength = 2 * 1024 * 1024;

/** A session with no more of its files than an answer has room for; `transfers` tells how many there were. */
function withNewestFiles(line: SessionLine): SessionLine {
  const { files = [] } = line;
  let length = 0;
  const cut = files.findLastIndex((each, index) => {
    length += JSON.stringify(each).length;
    return files.length - index > maxFiles || length > maxFilesLength;
  });
  return cut === -1 ? line : { ...line, files: files.slice(cut + 1) };
}

function tooMany(count: number): Warning {
  return warn(
    'history-cut',
    `There were more sessions than one answer holds: it has the newest ${count}. Ask for a shorter time, or for one login or address.`,
  );
}

/** Keeps the last ones of those that are added. */
function createNewest({ maxSessions, maxLength }: AnswerLimits) {
  let kept: { readonly line: SessionLine; readonly length: number }[] = [];
  let from = 0;
  let length = 0;
  let wasCut = false;
  return {
    add(line: SessionLine): void {
      const entry = { line, length: JSON.stringify(line).length };
      kept.push(entry);
      length += entry.length;
      for (; kept.length - from > maxSessions || length > maxLength; from += 1) {
        length -= kept[from]?.length ?? 0;
      }
      if (from < maxSessions) return;
      kept = kept.slice(from);
      wasCut = true;
      from = 0;
    },
    lines: () => kept.slice(from).map(({ line }) => line),
    isCut: () => wasCut || from > 0,
  };
}
