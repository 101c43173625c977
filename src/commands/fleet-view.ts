import type { ScanSettings } from '../config/config.ts';
import { FleetError } from '../sessions/servers.ts';
import type { Observation, ObservedServers } from '../terminal/watch-frame.ts';
import { serversMetadata } from '../uapi/envelope/servers-metadata.ts';
import { listFleetTransfers } from '../uapi/Fleet/list-functions.ts';
import { connectFleet, refusedOf } from './connect-fleet.ts';
import type { FleetOptions, GatewayPlace } from './fleet-options.ts';
import type { SessionView } from './session-view.ts';

/**
 * The sessions of a fleet as its gateway sees them. Throws as `connectFleet` does, and RefusedError for a
 * server that there is none of.
 */
export async function viewFleet(
  place: GatewayPlace,
  settings: ScanSettings,
  options: FleetOptions,
): Promise<SessionView & { close(): Promise<void> }> {
  const kept = listFleetTransfers.keep?.();
  if (kept === undefined) throw new Error('the list of a fleet keeps nothing');
  const { callWith, close } = await connectFleet(place, settings, options);
  const call = callWith(kept);
  return {
    name: `fleet of ${place.gateway}`,
    observe: () => observe(call),
    end: async () =>
      'A watch of a fleet ends no session: the page of the gateway does, or uapid on the server itself.',
    close,
  };
}

type Call = Parameters<typeof listFleetTransfers.run>[0];

async function observe(call: Call): Promise<Observation> {
  const at = new Date();
  try {
    const { data, warnings = [], metadata } = await listFleetTransfers.run(call);
    const servers = metadata?.['servers'] as ObservedServers | undefined;
    // Each missing server has a line of its own.
    const others = warnings.filter(({ code }) => !code.startsWith('server-'));
    return {
      at,
      rows: data,
      warnings: others.map(({ text }) => text),
      ...(servers && { servers }),
    };
  } catch (error) {
    if (!(error instanceof FleetError) || error.servers === null) throw refusedOf(error);
    const { servers } = serversMetadata(error.servers);
    return { at, rows: [], warnings: [], servers };
  }
}
