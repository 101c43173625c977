import { startGenerator } from '../generator.ts';
import { getRequest } from '../http-connection.ts';
import { listOnce, target } from '../lists.ts';
import { residentKilobytes, togetherKilobytes } from '../process-costs.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { Scene } from '../scene.ts';
import { type BenchServer, startServer } from '../server.ts';
import { quantile } from '../statistics.ts';

/** Samples of a run; a fortieth of its time apart. */
const samples = 40;

/** Resident memory of both sides during and after a long load of full and short lists. */
export async function measureMemory(scene: Scene): Promise<Result[]> {
  const { manySessions, connections, memorySeconds } = scene.sizes;
  await scene.hold(manySessions);
  const server = await startServer();
  const generator = startGenerator();
  const seen: number[] = [];
  try {
    await listOnce(server, server.admin, manySessions);
    await listOnce(server, server.user, 5);
    const idle = resident(server);
    const sampler = setInterval(
      () => seen.push(resident(server)),
      (memorySeconds * 1_000) / samples,
    );
    const { answers } = await generator
      .run({
        port: server.port,
        connections,
        requests: [getRequest(target, server.admin), getRequest(target, server.user)],
        seconds: memorySeconds,
      })
      .finally(() => clearInterval(sampler));
    const after = resident(server);
    await listOnce(server, server.admin, manySessions);
    const quarter = Math.floor(seen.length / 4);
    const [middle, last] = [seen.slice(-2 * quarter, -quarter), seen.slice(-quarter)];
    const sides = server.pids.map((pid) => `${(residentKilobytes(pid) / 1024).toFixed(0)}`);
    const time = memorySeconds < 60 ? `${memorySeconds} s` : `${memorySeconds / 60} min`;
    return [
      {
        measure: `resident memory of all processes, ${manySessions} sessions, after ${time} of load`,
        ours: figure([after], 'MB'),
        peer: null,
        value: after,
        target: atMost(200),
        note: `at most ${Math.max(...seen).toFixed(0)} under load, ${idle.toFixed(0)} before it; monitor, scanner and worker by themselves ${sides.join(' + ')}; ${answers} answers`,
      },
      {
        measure: `resident memory, last quarter of ${time} of load`,
        ours: figure(last, 'MB'),
        peer: { ...figure(middle, 'MB'), name: 'itself, the quarter before' },
        value: quantile(last, 0.5) / quantile(middle, 0.5),
        target: atMost(1.05),
        note: 'flat when it grows no more',
      },
    ];
  } finally {
    await Promise.all([server.stop(), generator.stop()]);
  }
}

/** Megabytes; the pages of Node.js and its libraries, which both sides map, count once. */
function resident({ pids }: BenchServer): number {
  return togetherKilobytes(pids) / 1024;
}
