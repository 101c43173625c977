import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openScanner } from '../../../src/scanner/open-scanner.ts';
import { type Ending, type Run, type RunOptions, startRun } from '../../../src/scanner/run.ts';
import { everybody } from '../../../src/sessions/scope.ts';
import { until } from '../../support/until.ts';

/**
 * Fake processes: one that SIGKILL does not end hangs in the kernel where it cannot be killed (a dead
 * disk), which no test may bring about on the host.
 */
function createImmortals(waitedMs: Run['waitedMs'] = () => null) {
  const left: { end(): void }[] = [];
  let doesAnswer = false;
  const startRun = ({ onReply }: RunOptions): Run => {
    let end: (ending: Ending) => void = () => {};
    const ended = new Promise<Ending>((resolve) => {
      end = resolve;
    });
    return {
      // Its activity is read: this process is never taken for one that sleeps.
      pid: process.pid,
      ended,
      waitedMs,
      ageMs: () => 0,
      kill: () => {
        left.push({ end: () => end({ code: null, signal: 'SIGKILL', error: null }) });
      },
      send: (message) => {
        const { id, verb } = message as { id?: number; verb?: string };
        if (id === undefined || (verb !== 'ping' && !doesAnswer)) return;
        const value = Buffer.from('{}');
        onReply({ id, scans: null, isError: false, valueFrom: 0 }, value);
      },
    };
  };
  return {
    left,
    startRun,
    answer: () => {
      doesAnswer = true;
    },
  };
}

function openWith({ startRun }: ReturnType<typeof createImmortals>) {
  return openScanner({
    settings: { processSource: 'procfs', procRoot: '/proc', daemons: {} },
    environment: {},
    systemUsers: { refresh: () => {}, uidsOf: async () => new Map() },
    logger: { warn: () => {}, error: () => {} },
    limits: { sampleEveryMs: 1, maxSamples: 2, maxAbandoned: 3 },
    startRun,
  });
}

test('at most so many scanners are left behind that do not die; then a question fails at once, until one of them ends', async () => {
  const immortals = createImmortals();
  const scanner = openWith(immortals);
  const ask = () => scanner.sessions.snapshot(everybody);
  for (let count = 1; count <= 3; count += 1) {
    await assert.rejects(ask, /has not answered in time/);
    assert.equal(immortals.left.length, count);
  }
  let refusal: unknown;
  ask().catch((error: unknown) => {
    refusal = error;
  });
  await setImmediate();
  assert.equal(String(refusal), 'Error: 3 scanners hang and do not end, so no other is started');
  assert.equal(immortals.left.length, 3, 'none was started');

  immortals.answer();
  immortals.left[0]?.end();
  await until(async () => (await scanner.processStats()) !== null, { what: 'another is started' });
  scanner.stop();
});

test('a scanner that works on has so many samples of its own, and ten times as many where it waits for the processor all the while', async () => {
  const samplesUntilLate = async (waitedMs: (sample: number) => number | null) => {
    let samples = 0;
    const scanner = openWith(
      createImmortals(() => {
        samples += 1;
        return waitedMs(samples);
      }),
    );
    await assert.rejects(scanner.sessions.snapshot(everybody), /has not answered in time/);
    scanner.stop();
    return samples;
  };
  assert.equal(await samplesUntilLate(() => null), 3);
  assert.equal(await samplesUntilLate(() => 7), 3);
  // More than any clock's. Nothing is known of the first sample, each other one counts a tenth.
  assert.ok((await samplesUntilLate((sample) => sample * 1e9)) > 10);
});

test('a real scanner tells how long it has waited for the processor, and one that has ended nothing', async (t) => {
  const run = startRun({ environment: {}, onReply: () => {}, onLooked: () => {} });
  t.after(run.kill);
  assert.ok((run.waitedMs() ?? -1) >= 0);
  run.kill();
  await until(() => run.waitedMs() === null, { what: 'it has ended' });
});
