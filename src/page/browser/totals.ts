import { byId, setAttribute, setText } from './dom.ts';
import { rateText } from './formats-here.ts';
import { minutesOf, pathOf, peakOf, type Sample, withSample } from './rates.ts';
import type { Session } from './session.ts';
import { text } from './texts.ts';

/* What all sessions move together, now and over the last minutes. */

const box = byId('totals', HTMLElement);
const down = byId('total-down', HTMLElement);
const up = byId('total-up', HTMLElement);
const graph = byId('graph', SVGSVGElement);
const downArea = byId('graph-down', SVGPathElement);
const upLine = byId('graph-up', SVGPathElement);
const note = byId('graph-note', HTMLElement);

/** Of the graph's own coordinates, which are stretched to the room that it has. */
const size = { width: 300, height: 40 };

let samples: Sample[] = [];

/** Takes down what these sessions move at this moment, and shows it. */
export function sampleTotals(sessions: readonly Session[]): void {
  const sample = {
    at: performance.now(),
    down: rateOf(sessions, 'DL'),
    up: rateOf(sessions, 'UL'),
  };
  samples = withSample(samples, sample);
  showTotals(sample, sessions.length);
}

/** Forgets what was seen: the next reader sees other sessions. */
export function forgetTotals(): void {
  samples = [];
  box.hidden = true;
}

function rateOf(sessions: readonly Session[], status: Session['status']): number {
  return sessions
    .filter((session) => session.status === status)
    .reduce((sum, { rate_bytes_per_second: rate }) => sum + (rate ?? 0), 0);
}

function showTotals(now: Sample, sessions: number): void {
  const peak = peakOf(samples);
  box.hidden = sessions === 0 && peak === 0;
  setText(down, rateText(now.down));
  setText(up, rateText(now.up));
  setText(note, text('graphNote', { count: minutesOf(samples), rate: rateText(peak) }));
  setAttribute(graph, 'viewBox', `0 -1 ${size.width} ${size.height + 2}`);
  setAttribute(downArea, 'd', pathOf(samples, 'down', { ...size, peak, isFilled: true }));
  setAttribute(upLine, 'd', pathOf(samples, 'up', { ...size, peak, isFilled: false }));
}
