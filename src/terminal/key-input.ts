import type { ReadStream } from 'node:tty';
import { type Key, keysOf } from './keys.ts';

/**
 * Reads keys from a terminal one by one, and gives it back as it was when this process ends or is stopped.
 * All keys that came at once, as pasted ones do, are given together.
 */
export function readKeys(input: ReadStream, onKeys: (keys: readonly Key[]) => void): void {
  const setRaw = (isRaw: boolean) => {
    // A terminal that has gone away takes no mode any more, and needs none.
    if (!input.destroyed) input.setRawMode(isRaw);
  };
  setRaw(true);
  input.setEncoding('utf8').on('data', (text: string) => onKeys(keysOf(text)));
  input.on('error', () => {});
  process.once('exit', () => setRaw(false));
  // Before the screen's own listener, behind which the process is stopped.
  process.prependListener('SIGTSTP', () => setRaw(false));
  process.on('SIGCONT', () => setRaw(true));
}
