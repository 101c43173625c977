import { formatTime, type GapCause, type GapLine } from './log-line.ts';

/** That pure-ftpd's scoreboard is not watched, since when and why. */
export interface Unwatched {
  /** It was lost, or is there and refused. */
  lost(cause: 'directory-replaced' | 'directory-unreadable'): void;
  /** A scan has seen a pure-ftpd, or none on the whole host. */
  seen(isThere: boolean): void;
  watched(): void;
  /** The gap that lasts, where one does. */
  head(): readonly GapLine[];
}

/**
 * Writes a gap that lasts (`open`) when nothing tells of pure-ftpd's sessions any more, and one with its end when
 * it is over. From the start until the scoreboard is watched it is so, too; but a host without one may have no
 * pure-ftpd, and then nothing is missing: it is told once a scan has seen one, or its scoreboard was there, and
 * until a scan has seen that there is none any more.
 */
export function createUnwatched(write: (line: GapLine) => void): Unwatched {
  let state: { readonly cause: GapCause; readonly since: number } | null = {
    cause: 'directory-absent',
    since: Date.now(),
  };
  let isToBeTold = false;

  function lineOf(at: number, { cause, since }: NonNullable<typeof state>): GapLine {
    const [end, begin] = [formatTime(at), formatTime(since)];
    return { event: 'gap', at: end, since: begin, daemon: 'pure-ftpd', cause };
  }

  const head = () => {
    if (state === null || !isToBeTold) return [];
    return [{ ...lineOf(Date.now(), state), open: true } as const];
  };

  function tellSoon(): void {
    isToBeTold = true;
    const begun = state;
    // Where another directory is there at once, its end is told alone.
    setImmediate(() => {
      if (state === begun) for (const line of head()) write(line);
    });
  }

  function conclude(): void {
    if (state !== null && isToBeTold) write(lineOf(Date.now(), state));
    state = null;
  }

  return {
    lost(cause) {
      if (state?.cause === cause) return;
      conclude();
      state = { cause, since: Date.now() };
      tellSoon();
    },
    seen(isThere) {
      if (state === null) return;
      if (isThere && !isToBeTold) tellSoon();
      if (isThere || !isToBeTold) return;
      // Where there is none nothing is missing.
      conclude();
      isToBeTold = false;
      state = { cause: 'directory-absent', since: Date.now() };
    },
    watched: conclude,
    head,
  };
}
