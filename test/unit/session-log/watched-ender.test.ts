import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToRecorder } from '../../../src/session-log/messages.ts';
import { watchEnder } from '../../../src/session-log/watched-ender.ts';
import { everybody } from '../../../src/sessions/scope.ts';
import type { EndOutcome, SessionEnder } from '../../../src/sessions/session-ender.ts';

const identities = [7, 8, 9].map((pid) => ({ host: 'localhost', pid, startTime: `${pid}0` }));
const toProcess = (pid: number) => ({ pid, start: `${pid}0` });

async function told(end: SessionEnder['end']): Promise<ToRecorder[]> {
  const messages: ToRecorder[] = [];
  const ender = watchEnder({ end }, (message) => messages.push(message));
  await ender.end(identities, everybody).catch(() => {});
  return messages;
}

test('which processes are to be ended is told before, and which were spared after', async () => {
  const outcomes: EndOutcome[] = ['ended', 'gone', 'killed'];
  const messages = await told(async () =>
    identities.map((identity, index) => ({
      identity,
      session: null,
      outcome: outcomes[index] ?? 'gone',
    })),
  );
  assert.deepEqual(messages, [
    { event: 'ending', processes: [7, 8, 9].map(toProcess) },
    { event: 'spared', processes: [toProcess(8)] },
  ]);
});

// The ender is a fake: a scanner that fails in the middle of an ending cannot be had at will.
test('an ending that fails leaves no session under the suspicion of having been ended', async () => {
  const messages = await told(() => Promise.reject(new Error('the scanner is gone')));
  assert.deepEqual(messages.at(-1), {
    event: 'spared',
    processes: [7, 8, 9].map(toProcess),
  });
});
