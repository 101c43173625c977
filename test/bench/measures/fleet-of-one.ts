import { type RunningUapid, startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { openFleetScene } from '../../system/fleet/fleet-scene.ts';
import { openLister } from '../lists.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { Scene } from '../scene.ts';
import { ratioOf } from '../statistics.ts';
import { inTurns, timed } from '../timing.ts';

/** Of the host; one of them downloads, so that each answer differs from the one before. */
const sessions = 20;

/** One real host over a real messaging server with TLS, against asking that host itself. */
export async function measureFleetOfOne({ sizes, hold }: Scene): Promise<Result[]> {
  await hold(sessions);
  const scene = await openFleetScene(['web1']);
  let host: RunningUapid | null = null;
  try {
    const [member] = scene.hosts;
    host = await startUapid(member?.flags, undefined, member?.stateDir);
    const isWhole = async () => {
      const { data, warnings } = await scene.ask('Ftp/list_sessions');
      return data?.length === sessions && warnings === null;
    };
    await until(isWhole, { what: `the gateway lists ${sessions} sessions` });
    return await compare(scene.gateway, host, sizes);
  } finally {
    await host?.stop();
    await scene.close();
  }
}

async function compare(
  gateway: RunningUapid,
  host: RunningUapid,
  { listRounds, warmUpLists }: Scene['sizes'],
): Promise<Result[]> {
  const open = ({ url, user: name, password }: RunningUapid) =>
    openLister({ port: Number(new URL(url).port) }, { name, password });
  const [through, direct] = [await open(gateway), await open(host)];
  for (let list = 0; list < warmUpLists; list += 1) {
    await through.list();
    await direct.list();
  }
  const times = await inTurns(listRounds * 5, {
    through: () => timed(through.list),
    direct: () => timed(direct.list),
  });
  through.close();
  direct.close();
  return [
    {
      measure: `one list of ${sessions} sessions through a gateway`,
      ours: figure(times.through, 'ms'),
      peer: { ...figure(times.direct, 'ms'), name: 'asking the host itself' },
      value: ratioOf(times.through, times.direct).median,
      target: atMost(2),
      note: 'all on one machine, TLS between gateway, nats-server and host',
    },
  ];
}
