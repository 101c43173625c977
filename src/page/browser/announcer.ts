import { byId } from './dom.ts';

/** Two announcements are so far apart at least, or the reader would hear nothing else. */
const pauseMs = 5_000;

const region = byId('announcements', HTMLElement);
let spokenAt = Number.NEGATIVE_INFINITY;
let waiting = '';
let timer: number | undefined;

/** Tells a screen reader; of what comes too fast only the last. What it is to know now is urgent. */
export function announce(text: string, { isUrgent = false } = {}): void {
  waiting = text;
  window.clearTimeout(timer);
  const wait = isUrgent ? 0 : Math.max(0, spokenAt + pauseMs - performance.now());
  timer = window.setTimeout(() => {
    spokenAt = performance.now();
    region.textContent = waiting;
  }, wait);
}
