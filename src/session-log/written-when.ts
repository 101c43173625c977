import type { TransferLine } from '../daemons/transfer-line.ts';

/** Between what times the lines were written that were read at one go, in ms since the epoch. */
export interface WrittenBetween {
  /** When the file was read before, to its end; null where these are the first ones. */
  readonly from: number | null;
  /** When the file was last written to. */
  readonly to: number;
}

/** Tells of lines that name no zone in which one their daemon writes. */
export interface WrittenWhen {
  /** The same lines, oldest first, each with the one time that is right where that is certain. */
  take(lines: readonly TransferLine[], between: WrittenBetween): readonly TransferLine[];
}

/** A line is written some seconds after its time at the most; no zone is so near to UTC. */
const slackMs = 60_000;

/**
 * Two times are possible for a line without a zone (`TransferLine.endedAt`). A line that was read as it was written
 * has the one that is of that moment. Of those that were there before, the last one has the time at which the
 * file was last written to, and the others are taken for its daemon's, too.
 */
export function createWrittenWhen(): WrittenWhen {
  /** Which of the two times it was last. */
  let usual: number | null = null;

  function take(line: TransferLine, from: number, to: number): TransferLine {
    if (line.endedAt.length < 2) return line;
    const possible = line.endedAt.filter((at) => at >= from - slackMs && at <= to + slackMs);
    const [only, ...others] = possible;
    if (only !== undefined && others.length === 0) {
      usual = line.endedAt.indexOf(only);
      return { ...line, endedAt: [only] };
    }
    const guessed = usual === null ? undefined : line.endedAt[usual];
    // One that would be of a time to come is none.
    return guessed === undefined || guessed > to + slackMs ? line : { ...line, endedAt: [guessed] };
  }

  return {
    take(lines, { from, to }) {
      if (from !== null) return lines.map((line) => take(line, from, to));
      const last = lines.at(-1);
      if (last !== undefined) take(last, to, to);
      return lines.map((line) => take(line, Number.NEGATIVE_INFINITY, to));
    },
  };
}
