import { natsConfig } from '../../../src/fleet/nats-config.ts';
import {
  connectionKey,
  createConnectionSeed,
  createSigningKey,
  publicHalf,
  readSigningKey,
} from '../../../src/fleet/signature/keys.ts';
import { workerSpaceFlag } from '../../../src/lib/v8-flags.ts';
import { startNats } from '../../support/nats/nats-server.ts';
import { type HelperProcess, startHelper } from '../helper-process.ts';
import type { AskOrder, AskReport, GatewayOrder } from './gateway.ts';
import type { HostsOrder, SimulatedHost } from './simulated-hosts.ts';

/** A fleet of simulated hosts on a real messaging server. */
export interface SimulatedFleet {
  /** Those that answer. */
  readonly well: readonly string[];
  /** Those that are connected and never answer. */
  readonly hanging: readonly string[];
  /** Those that are let in and not connected. */
  readonly absent: readonly string[];
  ask(order: AskOrder): Promise<AskReport>;
  stop(): Promise<void>;
}

export interface FleetSizes {
  readonly hosts: number;
  /** Of them, those that speak HTTP as well. */
  readonly overHttp: number;
  readonly hanging: number;
  readonly absent: number;
}

/** So many hosts share a process. */
const hostsOfProcess = 1_000;

export async function startSimulatedFleet(sizes: FleetSizes): Promise<SimulatedFleet> {
  const hosts: SimulatedHost[] = Array.from(
    { length: sizes.hosts + sizes.hanging },
    (_, number) => ({
      name: `web${number}`,
      number,
      seed: createConnectionSeed(),
      hangs: number >= sizes.hosts,
      speaksHttp: number < sizes.overHttp,
    }),
  );
  const absent = Array.from({ length: sizes.absent }, (_, number) => `gone${number}`);
  const seed = createConnectionSeed();
  const signingKey = createSigningKey();
  const nats = await startNats((listen) =>
    natsConfig({
      gateways: [{ name: 'gw1', key: publicKeyOf(seed) }],
      hosts: hosts.map(({ name, seed: own }) => ({ name, key: publicKeyOf(own) })),
      tls: null,
      listen,
      operator: null,
    }),
  );
  const helpers: HelperProcess<unknown, unknown>[] = [];
  const start = <Asked, Told>(file: string, execArgv: readonly string[] = []) => {
    const helper = startHelper<Asked, Told>(new URL(file, import.meta.url), execArgv);
    helpers.push(helper as HelperProcess<unknown, unknown>);
    return helper;
  };
  const stop = async () => {
    await Promise.all(helpers.map((helper) => helper.stop()));
    await nats.stop();
  };
  try {
    const { url } = nats;
    const gateway = { name: 'gw1', signing: publicHalf(readSigningKey(signingKey) ?? fail()) };
    const ports: [string, number][] = [];
    for (let at = 0; at < hosts.length; at += hostsOfProcess) {
      const helper = start<HostsOrder, [string, number][]>('simulated-hosts.js');
      const some = hosts.slice(at, at + hostsOfProcess);
      ports.push(...(await helper.ask({ url, gateway, hosts: some })));
    }
    // As a worker is started.
    const asking = start<GatewayOrder, AskReport | null>('gateway.js', [workerSpaceFlag]);
    await asking.ask({ open: { name: 'gw1', url, seed, signingKey, ports } });
    const names = (hangs: boolean) =>
      hosts.filter((host) => host.hangs === hangs).map(({ name }) => name);
    return {
      well: names(false),
      hanging: names(true),
      absent,
      ask: async (order) => (await asking.ask({ ask: order })) ?? fail(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function publicKeyOf(seed: string): string {
  return (connectionKey(seed) ?? fail()).publicKey;
}

function fail(): never {
  throw new Error('a key that was just made cannot be used');
}
