import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningNats, startNats } from '../../support/nats/nats-server.ts';
import type { FleetScene } from '../../system/fleet/fleet-scene.ts';

export const serverFaults = ['server reloaded', 'server stopped', 'server killed'] as const;
export type ServerFault = (typeof serverFaults)[number];

/** What can happen to the messaging server. */
export function shakyServer(scene: FleetScene, random: () => number) {
  let nats: RunningNats = scene.nats;
  const aWhile = () => sleep(200 + 2_000 * random());
  const faults: Readonly<Record<ServerFault, () => Promise<void>>> = {
    'server reloaded': () => nats.reload(scene.config()),
    'server stopped': async () => {
      nats.child.kill('SIGSTOP');
      await aWhile();
      nats.child.kill('SIGCONT');
    },
    'server killed': async () => {
      await nats.stop('SIGKILL');
      await aWhile();
      nats = await startNats(() => scene.config(), scene.nats.port);
    },
  };
  return { faults, stop: () => nats.stop() };
}
