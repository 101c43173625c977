import type { AskOrder, AskReport } from '../fleet/gateway.ts';
import { type SimulatedFleet, startSimulatedFleet } from '../fleet/simulated-fleet.ts';
import { rowsOfAll } from '../fleet/simulated-sessions.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { Scene } from '../scene.ts';
import { ratioOf, spreadOf } from '../statistics.ts';
import { inTurns } from '../timing.ts';

/** Hosts of a hundred that hang, or are not connected, where some do. */
const failingShare = 0.05;
const callers = 50;

/** Who takes turns, all in one run. */
type Contestant =
  | 'well'
  | 'http'
  | 'absent'
  | 'hanging'
  | 'callers'
  | 'unchanged'
  | 'many'
  | 'allAtOnce';

/** A gateway that asks simulated hosts over a real messaging server, in all the ways that matter. */
export async function measureFleet({ sizes }: Scene): Promise<Result[]> {
  const { fleetHosts, manyFleetHosts, fleetRounds } = sizes;
  const failing = Math.round(fleetHosts * failingShare);
  const fleet = await startSimulatedFleet({
    hosts: manyFleetHosts,
    overHttp: fleetHosts,
    hanging: failing,
    absent: failing,
  });
  try {
    return resultsOf(await measure(fleet, fleetHosts, failing, fleetRounds), sizes);
  } finally {
    await fleet.stop();
  }
}

async function measure(
  fleet: SimulatedFleet,
  count: number,
  failing: number,
  rounds: number,
): Promise<Reports> {
  const hosts = fleet.well.slice(0, count);
  const some = hosts.slice(0, count - failing);
  const plain = { over: 'nats', remembers: false, callers: 1, window: 200 } as const;
  const reports = new Map<Contestant, AskReport[]>();
  /** Throws unless each host that is well has answered, and no other. */
  const asking =
    (as: Contestant, facts: Partial<AskOrder> = {}) =>
    async () => {
      const order = { as, hosts, ...plain, ...facts };
      const report = await fleet.ask(order);
      const asked = new Set(order.hosts);
      const well = fleet.well.filter((each) => asked.has(each)).length;
      const expected = [rowsOfAll(well), order.hosts.length - well].join();
      const found = [report.rows, report.missing].join();
      if (found !== expected) {
        throw new Error(`${as}: rows and missing hosts are ${found}, not ${expected}`);
      }
      reports.set(as, [...(reports.get(as) ?? []), report]);
      return report.ms;
    };
  const contestants: Record<Contestant, () => Promise<number>> = {
    well: asking('well'),
    http: asking('http', { over: 'http' }),
    absent: asking('absent', { hosts: [...some, ...fleet.absent] }),
    hanging: asking('hanging', { hosts: [...some, ...fleet.hanging] }),
    callers: asking('callers', { callers }),
    unchanged: asking('unchanged', { remembers: true }),
    many: asking('many', { hosts: fleet.well }),
    allAtOnce: asking('allAtOnce', { window: null }),
  };
  await inTurns(rounds, contestants);
  // The first round has warmed up, and made known which hosts hang.
  return (name, what) => (reports.get(name) ?? []).slice(1).map((report) => report[what]);
}

type Reports = (name: Contestant, what: 'ms' | 'cpuMs' | 'bytes') => number[];

function resultsOf(reports: Reports, sizes: Scene['sizes']): Result[] {
  const { fleetHosts, manyFleetHosts } = sizes;
  const ms = (name: Contestant) => reports(name, 'ms');
  const hosts = `${fleetHosts} hosts`;
  const against = (
    measure: string,
    [ours, peer]: readonly [Contestant, Contestant],
    name: string,
    limit: number,
    note = '',
  ): Result => ({
    measure,
    ours: figure(ms(ours), 'ms'),
    peer: { ...figure(ms(peer), 'ms'), name },
    value: ratioOf(ms(ours), ms(peer)).median,
    target: atMost(limit),
    note,
  });
  const rows = `${rowsOfAll(fleetHosts)} sessions, ${spreadOf(reports('well', 'bytes')).median} bytes of answers; hosts, server and gateway share the processors; hosts have made their answers once and send them again, for both`;
  const late = ms('hanging').map((each, index) => (each - (ms('well')[index] ?? 0)) / 1_000);
  const perHost = (name: Contestant, of: number) =>
    reports(name, 'cpuMs').map((each) => (each * 1_000) / of);
  const [ofMany, ofFew] = [perHost('many', manyFleetHosts), perHost('well', fleetHosts)];
  const failing = `${failingShare * 100} %`;
  return [
    against(
      `a fleet’s list, ${hosts}`,
      ['well', 'http'],
      'the same over HTTP, a kept connection a host',
      0.8,
      rows,
    ),
    against(
      `a fleet’s list, ${failing} of ${hosts} not connected`,
      ['absent', 'well'],
      'all well',
      1.2,
    ),
    {
      measure: `a fleet’s list, ${failing} of ${hosts} hang, after the first`,
      ours: figure(ms('hanging'), 'ms'),
      peer: { ...figure(ms('well'), 'ms'), name: 'all well' },
      value: spreadOf(late).median,
      target: atMost(0.35),
      note: 'the difference, in seconds',
    },
    against(
      `a fleet’s list, ${hosts}, ${callers} callers at once`,
      ['callers', 'well'],
      'one caller',
      1.5,
    ),
    {
      measure: `bytes of answers, ${hosts}, nothing has changed`,
      ours: figure(reports('unchanged', 'bytes'), 'bytes'),
      peer: { ...figure(reports('well', 'bytes'), 'bytes'), name: 'whole answers' },
      value: ratioOf(reports('unchanged', 'bytes'), reports('well', 'bytes')).median,
      target: atMost(0.05),
    },
    {
      measure: `processor time of the gateway, ${hosts}, nothing has changed`,
      ours: figure(reports('unchanged', 'cpuMs'), 'ms'),
      peer: { ...figure(reports('well', 'cpuMs'), 'ms'), name: 'whole answers' },
      value: ratioOf(reports('unchanged', 'cpuMs'), reports('well', 'cpuMs')).median,
      target: atMost(0.4),
    },
    {
      measure: `processor time of the gateway, ${manyFleetHosts} hosts against ${fleetHosts}`,
      ours: figure(ofMany, 'µs a host'),
      peer: { ...figure(ofFew, 'µs a host'), name: `itself, ${fleetHosts}` },
      value: ratioOf(ofMany, ofFew).median,
      target: atMost(1.2),
    },
    against(
      `a fleet’s list, ${hosts}, 200 asked at a time`,
      ['well', 'allAtOnce'],
      'all at once',
      1,
    ),
  ];
}
