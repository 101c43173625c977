/** What moved at a moment: bytes a second of all downloads, and of all uploads. */
export interface Sample {
  /** Milliseconds on any clock that does not jump. */
  readonly at: number;
  readonly down: number;
  readonly up: number;
}

const keptMs = 300_000;
/** Between samples that are further apart nothing is known: the page was in the background. */
const maxGapMs = 5_000;

/** The samples with this one, without those that are too old. */
export function withSample(samples: readonly Sample[], sample: Sample): Sample[] {
  return [...samples.filter(({ at }) => sample.at - at < keptMs), sample];
}

/** How many minutes the samples reach back, so many that the graph has a scale. */
export function minutesOf(samples: readonly Sample[]): number {
  const spanMs = (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0);
  return Math.max(1, Math.ceil(spanMs / 60_000));
}

/** How a graph is drawn, in units of its own. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** The rate at the top. */
  readonly peak: number;
  readonly isFilled: boolean;
}

/**
 * The samples' line as the path of an SVG, the newest at the right edge and `peak` at the top; a gap
 * breaks it. With `isFilled` the area below it.
 */
export function pathOf(
  samples: readonly Sample[],
  kind: 'down' | 'up',
  { width, height, peak, isFilled }: Drawing,
): string {
  const end = samples.at(-1)?.at ?? 0;
  const windowMs = minutesOf(samples) * 60_000;
  const x = (at: number) => round(width - ((end - at) / windowMs) * width);
  const y = (rate: number) => round(height - (rate / Math.max(peak, 1)) * height);
  return runsOf(samples)
    .map((run) => {
      const line = run.map((sample) => `${x(sample.at)} ${y(sample[kind])}`).join('L');
      const [first, last] = [run[0]?.at ?? 0, run.at(-1)?.at ?? 0];
      return isFilled ? `M${x(first)} ${height}L${line}L${x(last)} ${height}Z` : `M${line}`;
    })
    .join('');
}

function runsOf(samples: readonly Sample[]): Sample[][] {
  const runs: Sample[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const sample of samples) {
    if (sample.at - last > maxGapMs) runs.push([]);
    runs.at(-1)?.push(sample);
    last = sample.at;
  }
  return runs;
}

const round = (value: number) => Math.round(value * 10) / 10;

/** The highest rate of the samples. */
export function peakOf(samples: readonly Sample[]): number {
  return Math.max(0, ...samples.flatMap(({ down, up }) => [down, up]));
}
