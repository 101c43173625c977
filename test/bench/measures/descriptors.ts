import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import { listOnce, openLister } from '../lists.ts';
import { openDescriptors } from '../process-costs.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { Scene } from '../scene.ts';
import { type BenchServer, startServer } from '../server.ts';

/** A breath between two lists, so that the daemon gets on with the logins. */
const pauseMs = 5;

/** Open descriptors of both sides before and after sessions came and went, with lists all the time. */
export async function measureDescriptors(scene: Scene): Promise<Result[]> {
  const { visits } = scene.sizes;
  await scene.hold(0);
  const server = await startServer();
  try {
    // A few visits and lists first: what is opened once and kept is there before it is counted.
    await visitWithLists(scene, server, 20);
    await listOnce(server, server.admin, 0);
    const before = await settled(server);
    const { lists, max } = await visitWithLists(scene, server, visits);
    await listOnce(server, server.admin, 0);
    await until(() => total(server) <= total(server, before), {
      what: 'descriptors are closed',
      timeoutMs: 3_000,
    }).catch(() => undefined);
    const after = await settled(server);
    return [
      {
        measure: `open descriptors of both sides after ${visits} sessions came and went`,
        ours: figure([total(server, after)], ''),
        peer: { ...figure([total(server, before)], ''), name: 'itself before' },
        value: total(server, after) - total(server, before),
        target: atMost(0),
        note: `the difference; privileged and worker ${before.join(' + ')} before, ${after.join(' + ')} after, at most ${max} meanwhile; ${lists} lists`,
      },
    ];
  } finally {
    await server.stop();
  }
}

/** Lists over one connection until the visits are over; counts the lists and the descriptors. */
async function visitWithLists(scene: Scene, server: BenchServer, visits: number) {
  let isOver = false;
  const visiting = scene.visit(visits).finally(() => {
    isOver = true;
  });
  const lister = await openLister(server, server.admin);
  let [lists, max] = [0, 0];
  const listing = async () => {
    while (!isOver) {
      await lister.list();
      lists += 1;
      max = Math.max(max, total(server));
      await sleep(pauseMs);
    }
  };
  await Promise.all([visiting, listing()]).finally(() => lister.close());
  return { lists, max };
}

/** The numbers of both sides once the connections of our own are gone from them. */
async function settled(server: BenchServer): Promise<readonly number[]> {
  let last = descriptors(server).join();
  return await until(
    async () => {
      await sleep(100);
      const now = descriptors(server);
      const isSame = now.join() === last;
      last = now.join();
      return isSame && now;
    },
    { what: 'the number of descriptors stays' },
  );
}

function descriptors({ pids }: BenchServer): readonly number[] {
  return pids.map(openDescriptors);
}

function total(server: BenchServer, numbers = descriptors(server)): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
