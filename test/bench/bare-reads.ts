import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { answerParent } from './helper-process.ts';

export interface BareReads {
  readonly pids: readonly number[];
  readonly rounds: number;
}

/*
 * The floor of a scan, a process of its own: reads of the one file that a scan reads of each session,
 * through descriptors kept open, and nothing else. Answers with microseconds a read, round by round.
 */
answerParent<BareReads, number[]>(async ({ pids, rounds }) => {
  const descriptors = pids.map((pid) => openSync(`/proc/${pid}/schedstat`, 'r'));
  const buffer = Buffer.alloc(128);
  const microseconds: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const start = performance.now();
      for (const descriptor of descriptors) readSync(descriptor, buffer, 0, buffer.length, 0);
      microseconds.push(((performance.now() - start) * 1_000) / descriptors.length);
      await setImmediate();
    }
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
  return microseconds;
});
