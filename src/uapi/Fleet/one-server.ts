import * as z from 'zod';
import { placesOf } from '../../accounts/placements.ts';
import { ofHosts, ofPlaces, type Scope } from '../../sessions/scope.ts';
import { ApiError } from '../call/api-error.ts';
import type { CallContext } from '../call/define-function.ts';
import { callTexts } from './call-texts.ts';
import { fleetScopeOf, requireFleet } from './fleet-scope.ts';

/** The argument of functions that answer for one server. */
export const oneServer = z
  .string()
  .optional()
  .describe('The name of the server in the fleet that is meant.')
  .meta({ examples: ['web1'] });

/**
 * The caller's sessions on the one server that a call is about: that of `server`, or the only one that the
 * caller has. Throws ApiError where there are several, or none.
 */
export function scopeOfOneServer(context: CallContext): Scope {
  const { account, args, host } = context;
  if (args.get('server')) return fleetScopeOf(context).scope;
  const places = placesOf(account, host.accounts);
  const isAdmin = account.role === 'admin';
  const servers = isAdmin
    ? requireFleet(host.fleet).servers()
    : [...new Set(places.map((place) => place.host))];
  const [only] = servers;
  if (servers.length === 1 && only !== undefined) {
    return isAdmin ? ofHosts([only]) : ofPlaces(places);
  }
  if (servers.length === 0) {
    throw new ApiError(
      isAdmin ? callTexts.noServerYet : callTexts.unplaced(account.name),
      'server-needed',
    );
  }
  throw new ApiError(callTexts.severalServers(servers.length), 'server-needed');
}
