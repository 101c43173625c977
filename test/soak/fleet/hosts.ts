import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from '../../system/fleet/fleet-scene.ts';
import { type RunningHost, startHost } from '../../system/fleet/start-host.ts';
import type { FleetVisit } from './checker.ts';
import { sendVisitors, type Visitors } from './visitors.ts';
import { openWire, type Wire } from './wire.ts';

/** A host with its visitors and its way to the messaging server, and all that can happen to it. */
export interface ShakyHost {
  readonly faults: Readonly<Record<HostFault, () => Promise<void>>>;
  stop(): Promise<void>;
}

export const hostFaults = [
  'agent killed',
  'agent stopped',
  'agent reloaded',
  'host cut off',
  'host not reached',
  'host killed',
] as const;
export type HostFault = (typeof hostFaults)[number];

export interface HostFacts {
  readonly member: Member;
  readonly natsPort: number;
  readonly clients: number;
  readonly visits: Set<FleetVisit>;
  readonly random: () => number;
}

export async function startShakyHost(facts: HostFacts): Promise<ShakyHost> {
  const { member, random } = facts;
  const wire = await openWire(facts.natsPort);
  let { host, visitors } = await begin(facts, wire);
  /** Longer than a host is waited for, or shorter. */
  const aWhile = () => sleep(300 + 2_500 * random());
  return {
    faults: {
      'agent killed': () => host.tell('kill-worker'),
      'agent stopped': async () => {
        await host.tell('freeze');
        await aWhile();
        await host.tell('thaw');
      },
      'agent reloaded': () => host.tell('reload'),
      'host cut off': async () => {
        wire.cut();
        await aWhile();
        wire.mend();
      },
      'host not reached': async () => {
        wire.hold();
        await aWhile();
        wire.mend();
      },
      'host killed': async () => {
        visitors.doom();
        await host.kill();
        await visitors.leave();
        // The administrator is added anew.
        rmSync(join(member.stateDir, 'accounts.json'), { force: true });
        ({ host, visitors } = await begin(facts, wire));
      },
    },
    stop: async () => {
      await visitors.leave();
      await host.kill();
      wire.close();
    },
  };
}

async function begin(
  { member, clients, visits, random }: HostFacts,
  wire: Wire,
): Promise<{ host: RunningHost; visitors: Visitors }> {
  const flags = member.flags.map((flag) => (flag.startsWith('nats://') ? wire.url : flag));
  const host = await startHost({ ...member, flags });
  const place = { server: member.name, port: host.port };
  return { host, visitors: sendVisitors(place, clients, visits, random) };
}
