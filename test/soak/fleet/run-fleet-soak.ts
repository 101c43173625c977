import { setTimeout as sleep } from 'node:timers/promises';
import { makeHome } from '../../support/homes.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { type FleetScene, openFleetScene } from '../../system/fleet/fleet-scene.ts';
import { type Asking, askOnAndOn } from './asker.ts';
import type { FleetFault, FleetVisit } from './checker.ts';
import { hostFaults, type ShakyHost, startShakyHost } from './hosts.ts';
import { createSeeded, shuffled } from './seeded.ts';
import { serverFaults, shakyServer } from './servers.ts';

export interface FleetSoakOptions {
  readonly seconds: number;
  /** At each host. */
  readonly clients: number;
  /** Decides what happens to whom in which order. */
  readonly seed: number;
  /** Goes on, up to eight times as long, until so many rows were held against the truth. */
  readonly minRows: number;
  /** Between two questions of one caller. */
  readonly pauseMs: number;
  /** Between two things that happen to a host, about; to the messaging server more rarely. */
  readonly calmMs: number;
  readonly onProgress?: (soFar: FleetSoakResult) => void;
}

export interface FleetSoakResult {
  readonly seed: number;
  readonly seconds: number;
  readonly answers: number;
  readonly rows: number;
  /** Servers that were named as missing, over all answers. */
  readonly named: number;
  /** What happened how often. */
  readonly happened: ReadonlyMap<string, number>;
  readonly faults: readonly FleetFault[];
}

const names = ['web1', 'web2', 'web3'];
const { alice, bob } = users;

/** Equal names on several hosts are several users. */
const places = {
  ann: [
    ['web1', 'alice'],
    ['web3', 'bob'],
  ],
} as const;

const askings: readonly Asking[] = [
  { account: undefined, func: 'Ftp/list_transfers', isInScope: () => true },
  {
    account: undefined,
    func: 'Ftp/list_transfers?server=web2',
    isInScope: (server) => server === 'web2',
  },
  {
    account: 'ann',
    func: 'Ftp/list_transfers',
    isInScope: (server, owner) =>
      places.ann.some(([host, user]) => host === server && user === owner),
  },
];

/**
 * A real messaging server, a gateway and three real hosts, at which clients come and go, while all of them are
 * killed, stopped, cut off and reloaded. Every answer is held against the truth. Needs the sandbox.
 */
export async function runFleetSoak(options: FleetSoakOptions): Promise<FleetSoakResult> {
  const { seconds, clients, seed, minRows } = options;
  for (const user of [alice, bob]) await makeHome(user, [['big.bin', 50_000_000]]);
  const scene = await openFleetScene(names, places);
  const visits = new Set<FleetVisit>();
  const end = new AbortController();
  const counts = { answers: 0, rows: 0, named: 0 };
  const happened = new Map<string, number>();
  const faults: FleetFault[] = [];
  const hosts: ShakyHost[] = [];
  let begun = performance.now();
  const soFar = (): FleetSoakResult => ({
    seed,
    seconds: (performance.now() - begun) / 1_000,
    ...counts,
    happened,
    faults,
  });
  const server = shakyServer(scene, createSeeded(seed, 'server'));
  const progress = setInterval(() => options.onProgress?.(soFar()), 10_000);
  try {
    hosts.push(
      ...(await Promise.all(
        scene.hosts.map((member) =>
          startShakyHost({
            member,
            natsPort: scene.nats.port,
            clients,
            visits,
            random: createSeeded(seed, member.name),
          }),
        ),
      )),
    );
    await until(() => isWhole(scene), { what: 'all hosts are connected' });
    begun = performance.now();
    const asks = askings.map((asking) =>
      askOnAndOn(scene, asking, visits, options.pauseMs, {
        signal: end.signal,
        onAsked: ({ rows, named, faults: found }) => {
          counts.answers += 1;
          counts.rows += rows;
          counts.named += named;
          faults.push(...found);
        },
      }),
    );
    const shakings = [
      ...hosts.map(({ faults: all }, index) => shake(all, hostFaults, `host ${index}`, 1)),
      shake(server.faults, serverFaults, 'messaging server', 3),
    ];
    const working = Promise.all([...asks, ...shakings]);
    const isOver = () => {
      const elapsed = (performance.now() - begun) / seconds / 1_000;
      const isEnough =
        counts.rows >= minRows && happened.size === hostFaults.length + serverFaults.length;
      return elapsed > 8 || (elapsed > 1 && isEnough);
    };
    while (!isOver()) await Promise.race([working, sleep(200)]);
    end.abort();
    await working;
    return soFar();
  } finally {
    end.abort();
    clearInterval(progress);
    await Promise.all(hosts.map((host) => host.stop()));
    await server.stop();
    await scene.close();
  }

  /** Everything that can happen, in an order that the seed decides, again and again. */
  async function shake<Name extends string>(
    all: Readonly<Record<Name, () => Promise<void>>>,
    kinds: readonly Name[],
    whom: string,
    calm: number,
  ): Promise<void> {
    const random = createSeeded(seed, `order of ${whom}`);
    while (!end.signal.aborted) {
      for (const kind of shuffled(kinds, random)) {
        await sleep(options.calmMs * calm * (0.5 + random()));
        if (end.signal.aborted) return;
        await all[kind]();
        happened.set(kind, (happened.get(kind) ?? 0) + 1);
      }
    }
  }
}

async function isWhole(scene: FleetScene): Promise<boolean> {
  const { metadata } = await scene.ask('Ftp/list_sessions');
  return metadata.servers?.answered === names.length;
}
