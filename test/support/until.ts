import { setTimeout as sleep } from 'node:timers/promises';
import { startPatience } from './patience.ts';

export interface UntilOptions {
  /** What is being waited for, in words: the error names it. */
  readonly what: string;
  /**
   * Milliseconds in which no process has to wait for a processor; 30 seconds unless given. What comes in
   * the end costs no time, so it is short only where a bound is what a test is about.
   */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks; 10 unless given, and up to 50 when it takes longer. */
  readonly everyMs?: number;
}

/**
 * Asks `condition` again and again until its answer is truthy, and resolves to that answer. Rejects
 * when the time is over, naming the last answer or the error that the last look threw.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: UntilOptions,
): Promise<Exclude<Awaited<T>, false | null | undefined | '' | 0>> {
  const timeoutMs = options.timeoutMs ?? 30_000;
  const patience = startPatience(timeoutMs);
  const begun = performance.now();
  let last: unknown;
  let failure: unknown;
  do {
    try {
      last = await condition();
      if (last) {
        return last as Exclude<Awaited<T>, false | null | undefined | '' | 0>;
      }
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    // Looks cost processor time, which what is waited for may need.
    await sleep(options.everyMs ?? Math.min(50, 10 + (performance.now() - begun) / 20));
  } while (!patience.isOver());
  const seen = failure === undefined ? `the last look gave ${show(last)}` : show(failure);
  throw new Error(`Waited ${timeoutMs} ms in vain until ${options.what}: ${seen}`, {
    cause: failure,
  });
}

function show(value: unknown): string {
  if (value instanceof Error) {
    return value.message;
  }
  return JSON.stringify(value) ?? String(value);
}
