import * as z from 'zod';
import { placesOf } from '../../accounts/placements.ts';
import type { FleetReader } from '../../fleet/gateway/fleet-reader.ts';
import type { Fleet } from '../../sessions/fleet.ts';
import { everybody, ofHosts, ofPlaces, type Scope } from '../../sessions/scope.ts';
import { FleetError } from '../../sessions/servers.ts';
import { type Warning, warn } from '../../sessions/warning.ts';
import { ApiError } from '../call/api-error.ts';
import type { CallContext } from '../call/define-function.ts';
import { callTexts } from './call-texts.ts';

/** The arguments that functions take at a gateway alone. */
export const fleetParameters = {
  server: z
    .string()
    .optional()
    .describe(
      'The name of one server in the fleet, whose sessions alone are wanted; or several names by commas.',
    )
    .meta({ examples: ['web1'] }),
  complete: z
    .enum(['0', '1'])
    .optional()
    .describe('1: that sessions of some server are missing is an error, and no warning.'),
};

/** Whose sessions an account may see in a fleet. */
interface FleetScope {
  readonly scope: Scope;
  /** True where there is nobody to ask. */
  readonly isEmpty: boolean;
  readonly warnings: readonly Warning[];
}

/**
 * An administrator sees all servers; a user those on which its account is placed, of the system users that
 * were named with them; a reseller those of the accounts that it owns too. Names are never matched
 * across servers. `server=` narrows, for a list by several names too. Throws ApiError where one is none of the
 * account's.
 */
export function fleetScopeOf(
  { account, args, host }: CallContext,
  { isList = false } = {},
): FleetScope {
  const fleet = requireFleet(host.fleet);
  const given = args.get('server') ?? '';
  const servers = given === '' ? [] : isList ? given.split(',') : [given];
  if (account.role === 'admin') return scopeOfAll(fleet, servers);
  const places = placesOf(account, host.accounts);
  const stranger = firstUnknown(servers, new Set(places.map(({ host: name }) => name)));
  if (stranger !== null) {
    throw new ApiError(callTexts.placedElsewhere(account.name, stranger), 'server-unknown');
  }
  const asked = new Set(servers);
  const wanted = asked.size === 0 ? places : places.filter((each) => asked.has(each.host));
  const isEmpty = wanted.length === 0;
  const warnings = isEmpty ? [warn('account-unplaced', callTexts.unplaced(account.name))] : [];
  return { scope: ofPlaces(wanted), isEmpty, warnings };
}

function scopeOfAll(fleet: Fleet, servers: readonly string[]): FleetScope {
  const known = fleet.servers();
  if (servers.length > 0) {
    const stranger = firstUnknown(servers, new Set(known));
    if (stranger === null) return { scope: ofHosts(servers), isEmpty: false, warnings: [] };
    throw new ApiError(callTexts.unknownServer(stranger), 'server-unknown');
  }
  const isEmpty = known.length === 0;
  const warnings = isEmpty ? [warn('fleet-empty', callTexts.noServerYet)] : [];
  return { scope: everybody, isEmpty, warnings };
}

/** Cut to what an error may repeat. */
function firstUnknown(servers: readonly string[], known: ReadonlySet<string>): string | null {
  return servers.find((server) => !known.has(server))?.slice(0, 64) ?? null;
}

export function requireReader(reader: FleetReader | undefined): FleetReader {
  if (reader !== undefined) return reader;
  throw new FleetError('not-at-gateway', 'This server is no gateway of a fleet.');
}

export function requireFleet(fleet: Fleet | undefined): Fleet {
  if (fleet !== undefined) return fleet;
  throw new FleetError('not-at-gateway', 'This server is no gateway of a fleet.');
}
