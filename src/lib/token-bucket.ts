/** What lets so much through, and no more. */
export interface Bounded {
  /** Whether there is room for something that costs so much; if not, it counts as dropped. */
  admits(cost: number): boolean;
  /** Reports what was dropped since the last report. */
  close(): void;
}

export interface Bounds {
  /** As much at once, after silence. */
  readonly burst: number;
  readonly perSecond: number;
  /** Something was dropped; told once for all that is dropped within `reportAfterMs`. */
  readonly onDropped: (count: number) => void;
  readonly reportAfterMs?: number;
  /** Milliseconds from any beginning, which never go back. */
  readonly now?: () => number;
}

/** A token bucket (ITU-T I.371) that counts what it turns away, so that nothing is lost in silence. */
export function createBounded({
  burst,
  perSecond,
  onDropped,
  reportAfterMs = 10_000,
  now = () => performance.now(),
}: Bounds): Bounded {
  let room = burst;
  let filledAt = now();
  let dropped = 0;
  let timer: NodeJS.Timeout | null = null;

  function report(): void {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    const count = dropped;
    dropped = 0;
    onDropped(count);
  }

  return {
    admits(cost) {
      const at = now();
      room = Math.min(burst, room + ((at - filledAt) / 1000) * perSecond);
      filledAt = at;
      if (cost <= room) {
        room -= cost;
        return true;
      }
      dropped += 1;
      timer ??= setTimeout(report, reportAfterMs).unref();
      return false;
    },
    close: report,
  };
}
