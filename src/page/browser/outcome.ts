import { announce } from './announcer.ts';
import { byId, make } from './dom.ts';

/** A short text goes by itself, what went wrong stays until the next. */
const shownMs = 6_000;

const box = byId('outcome', HTMLElement);
let timer: number | undefined;

/** Tells the reader, and a screen reader, what came of what was done. */
export function showOutcome(lines: readonly string[], isBad: boolean): void {
  window.clearTimeout(timer);
  box.replaceChildren(...lines.map((line) => make('p', '', line)));
  box.classList.toggle('bad', isBad);
  box.hidden = false;
  announce(lines.join(' '), { isUrgent: true });
  if (!isBad) timer = window.setTimeout(hideOutcome, shownMs);
}

export function hideOutcome(): void {
  window.clearTimeout(timer);
  box.hidden = true;
}
