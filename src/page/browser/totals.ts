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
  const [downRate, upRate] = [rateOf(sessions, 'DL'), rateOf(sessions, 'UL')];
  // What is not known yet is no zero.
  if (downRate !== null && upRate !== null) {
    samples = withSample(samples, { at: performance.now(), down: downRate, up: upRate });
  }
  showTotals(downRate, upRate, sessions.length);
}

/** Forgets what was seen: the next reader sees other sessions. */
export function forgetTotals(): void {
  samples = [];
  box.hidden = true;
}

/** Null when there are transfers and nobody knows the rate of any. */
function rateOf(sessions: readonly Session[], status: Session['status']): number | null {
  const moving = sessions.filter((session) => session.status === status);
  const known = moving.flatMap(({ rate_bytes_per_second: rate }) => (rate === null ? [] : [rate]));
  if (moving.length > 0 && known.length === 0) return null;
  return known.reduce((sum, rate) => sum + rate, 0);
}

function showTotals(downRate: number | null, upRate: number | null, sessions: number): void {
  const peak = peakOf(samples);
  box.hidden = sessions === 0 && peak === 0;
  setText(down, downRate === null ? '…' : rateText(downRate));
  setText(up, upRate === null ? '…' : rateText(upRate));
  note.hidden = samples.length < 2;
  setText(note, text('graphNote', { count: minutesOf(samples), rate: rateText(peak) }));
  setAttribute(graph, 'viewBox', `0 -1 ${size.width} ${size.height + 2}`);
  setAttribute(downArea, 'd', pathOf(samples, 'down', { ...size, peak, isFilled: true }));
  setAttribute(upLine, 'd', pathOf(samples, 'up', { ...size, peak, isFilled: false }));
}
