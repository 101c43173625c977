import { everybody } from '../../src/sessions/scope.ts';
import { answerParent } from './helper-process.ts';
import { createScanUnderTest } from './scan-under-test.ts';

export interface ScansTaken {
  /** Milliseconds of each scan. */
  readonly ms: readonly number[];
  /** Of the sessions that the last scan saw. */
  readonly pids: readonly number[];
}

const look = createScanUnderTest();

/*
 * Looks as often as it is asked to, one scan after the other, in a process of its own that does
 * nothing else.
 */
answerParent<number, ScansTaken>(async (count) => {
  const ms: number[] = [];
  let pids: readonly number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    const snapshot = await look.snapshot(everybody);
    ms.push(performance.now() - start);
    pids = snapshot.sessions.map(({ pid }) => pid);
  }
  return { ms, pids };
});
