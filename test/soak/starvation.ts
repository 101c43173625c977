import { readStarvedMs } from '../support/patience.ts';
import { type Interval, now } from './log.ts';

const sampleMs = 1_000;

/** Watches how much processes wait for a processor, from now until it is stopped. */
export function watchStarvation() {
  const samples: { readonly at: number; readonly starvedMs: number }[] = [];
  const sample = () => samples.push({ at: now(), starvedMs: readStarvedMs() });
  sample();
  const timer = setInterval(sample, sampleMs);
  return {
    /** The share of an interval, from 0 to 1, in which some process waited. */
    share({ from, to }: Interval): number {
      sample();
      const first = samples.findLast(({ at }) => at <= from) ?? samples[0];
      const last = samples.find(({ at }) => at >= to) ?? samples.at(-1);
      if (first === undefined || last === undefined || last.at <= first.at) return 0;
      return (last.starvedMs - first.starvedMs) / (last.at - first.at);
    },
    stop: () => clearInterval(timer),
  };
}
