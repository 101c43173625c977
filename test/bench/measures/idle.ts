import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import { listOnce } from '../lists.ts';
import { processorMs, readCalls, timesAsleep } from '../process-costs.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { Scene } from '../scene.ts';
import { type BenchServer, startServer } from '../server.ts';
import type { Sizes } from '../sizes.ts';

/** Node.js and Fastify have timers of their own, a few a minute: by chance one more comes. */
const timersPerSecond = 0.2;
/** Once a second one side asks the other for a sign of life: a read each, and what wakes the loop. */
const heartbeatReadsPerSecond = 4;
const calmTimeoutMs = 90_000;

/** What a server does that nobody asks: without a session, and with many. */
export async function measureIdle(scene: Scene): Promise<Result[]> {
  const { sessions } = scene.sizes;
  await scene.hold(0);
  const server = await startServer();
  try {
    // Whatever a scan leaves behind is left behind by then.
    await listOnce(server, server.admin, 0);
    const without = await watch(server, scene.sizes);
    await scene.hold(sessions);
    await listOnce(server, server.admin, sessions);
    const withThem = await watch(server, scene.sizes);
    const names = ['monitor', 'scanner', 'worker'];
    const parts = server.pids.map((_, index) => {
      const side = names[index];
      return `${side} ${withThem.wakeUps[index]?.toFixed(1)}/s`;
    });
    const cpu = `${withThem.processorShare.toFixed(3)} % of a processor`;
    return [
      {
        measure: `reads of an idle server, ${sessions} sessions, nobody asks`,
        ours: figure([withThem.reads], '/s'),
        peer: { ...figure([without.reads], '/s'), name: 'itself, no session' },
        value: withThem.reads - without.reads,
        target: atMost(timersPerSecond),
        note: 'the difference: nothing can be looked at without a read; the sides ask each other for a sign of life once a second',
      },
      {
        measure: `wake-ups of an idle server, ${sessions} sessions, whatever the cause`,
        ours: figure([total(withThem.wakeUps)], '/s'),
        peer: { ...figure([total(without.wakeUps)], '/s'), name: 'itself, no session' },
        value: total(withThem.wakeUps) - total(without.wakeUps),
        target: atMost(timersPerSecond),
        note: `the difference; ${parts.join(', ')}; ${cpu}`,
      },
    ];
  } finally {
    await server.stop();
  }
}

/**
 * Lets what went before fade away, and then counts for a while. Some eight seconds after work V8
 * collects garbage at leisure, and its threads wake each other by reads of an eventfd. A server that
 * never gets calm is counted all the same.
 */
async function watch({ pids }: BenchServer, { calmSeconds, idleSeconds: seconds }: Sizes) {
  const count = () => ({
    wakeUps: pids.map(timesAsleep),
    reads: total(pids.map(readCalls)),
    processorMs: total(pids.map(processorMs)),
  });
  const isCalm = async () => {
    const { reads } = count();
    await sleep(calmSeconds * 1_000);
    return count().reads - reads <= calmSeconds * heartbeatReadsPerSecond;
  };
  const calm = { what: 'the server is calm', timeoutMs: calmTimeoutMs };
  await until(isCalm, calm).catch(() => undefined);
  const before = count();
  await sleep(seconds * 1_000);
  const after = count();
  return {
    wakeUps: after.wakeUps.map((each, index) => (each - (before.wakeUps[index] ?? 0)) / seconds),
    reads: (after.reads - before.reads) / seconds,
    processorShare: (after.processorMs - before.processorMs) / (seconds * 10),
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0);
}
