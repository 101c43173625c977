import { capabilitiesOf } from '../terminal/capabilities.ts';
import { drawBar } from '../terminal/units.ts';

/** How far a command has come, for somebody who waits. */
export interface ProgressBar {
  show(progress: { readonly done: number; readonly total: number }): void;
  /** Takes it off the terminal. */
  close(): void;
}

/** What is over before that needs none, in ms. */
const showAfterMs = 1_000;
const showEveryMs = 100;
const barLength = 20;
const [lineStart, eraseLine] = ['\r', '\x1b[K'];

/** A bar on a terminal, once it takes longer than a second; nothing elsewhere. */
export function createProgressBar(output: NodeJS.WriteStream, afterMs = showAfterMs): ProgressBar {
  const { hasBlocks } = capabilitiesOf(output, process.env);
  let dueAt =
    output.isTTY && process.env['TERM'] !== 'dumb' ? performance.now() + afterMs : Infinity;
  let isShown = false;
  return {
    show: ({ done, total }) => {
      if (performance.now() < dueAt || total === 0) return;
      dueAt = performance.now() + showEveryMs;
      isShown = true;
      const percent = Math.min(100, (done / total) * 100);
      const bar = drawBar(percent, barLength, hasBlocks);
      output.write(`${lineStart}reading ${bar} ${percent.toFixed(0)}%${eraseLine}`);
    },
    close: () => {
      if (isShown) output.write(`${lineStart}${eraseLine}`);
      isShown = false;
      dueAt = Infinity;
    },
  };
}
