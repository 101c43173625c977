import type { Command } from 'commander';
import type { FleetPlace } from '../config/fleet-place.ts';
import { UsageError } from './usage-error.ts';

/** By which a command asks all servers of a fleet. */
export interface FleetOptions {
  /** Of the fleet whose gateway this machine is; the messaging servers, where they are given here. */
  readonly fleet?: string | true;
  readonly server?: string;
  readonly account?: string;
}

/** A gateway's place in its fleet. */
export type GatewayPlace = FleetPlace & { readonly gateway: string };

/** The settings that say where that is. */
export const fleetKeys = ['fleetGateway', 'fleetTlsCa', 'fleetTlsCert', 'fleetTlsKey'] as const;

export function addFleetOptions(command: Command): void {
  command
    .option('--fleet [urls]', 'of all servers of the fleet whose gateway this machine is')
    .option('--server <name>', 'of these servers of the fleet alone, by commas');
}

/**
 * Where the fleet is that is wanted; null where one host is. `placeOf` reads settings and flags. Throws
 * UsageError.
 */
export function wantedFleet(
  { fleet, server, ...flags }: FleetOptions,
  placeOf: (flags: object) => FleetPlace | null,
): GatewayPlace | null {
  if (fleet === undefined) {
    if (server !== undefined) throw new UsageError('--server is of use with --fleet alone');
    return null;
  }
  const place = placeOf(fleet === true ? flags : { ...flags, fleet });
  const gateway = place?.gateway ?? null;
  if (place === null || gateway === null) {
    throw new UsageError('this machine is no gateway of a fleet (--fleet-gateway, --fleet)');
  }
  return { ...place, gateway };
}
