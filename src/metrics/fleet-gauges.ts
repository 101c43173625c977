import { Gauge, type Registry } from 'prom-client';
import { type ServerState, serverStates } from '../sessions/servers.ts';

/**
 * Adds how the servers of a fleet are, without their names: a label for each would be thousands. The function
 * that it returns takes what a scrape was told, or null where the gateway could ask none of them.
 */
export function addFleetGauges(
  registry: Registry,
): (servers: readonly ServerState[] | null) => void {
  const up = new Gauge({
    name: 'uapid_fleet_up',
    help: 'At the gateway of a fleet: whether this scrape could ask its servers (1), or the gateway has lost its way to all of them (0).',
    registers: [registry],
  });
  const servers = new Gauge({
    name: 'uapid_fleet_servers',
    help: 'At the gateway of a fleet: its servers by how each is, as this scrape found them.',
    labelNames: ['state'],
    registers: [registry],
  });
  return (told) => {
    up.set(told === null ? 0 : 1);
    servers.reset();
    if (told === null) return;
    // Each is there from the first scrape on.
    for (const state of serverStates) servers.set({ state }, 0);
    for (const { state } of told) servers.inc({ state });
  };
}
