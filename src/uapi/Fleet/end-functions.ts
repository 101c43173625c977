import * as z from 'zod';
import { placesOf } from '../../accounts/placements.ts';
import { ApiError } from '../call/api-error.ts';
import { type CallContext, defineFunction } from '../call/define-function.ts';
import { recordRefusedCall } from '../call/refused-call.ts';
import { endOne, endSession } from '../Ftp/end_session.ts';
import type { OwnSessions } from '../Ftp/end-sessions.ts';
import { killSession, killSessions } from '../Ftp/kill_session.ts';
import { callTexts } from './call-texts.ts';
import { fleetScopeOf } from './fleet-scope.ts';
import { fleetWarnings } from './fleet-warnings.ts';

/* What ends sessions through the gateway of a fleet. */

const atGateway =
  'This is the gateway of a fleet: sessions are ended on the servers on which the account is placed, where these let gateways end sessions (--fleet-allow). A server that does not confirm within 8 s may or may not have ended them; nothing is repeated.';

const server = z
  .string()
  .describe('The name of the server in the fleet, as Ftp::list_transfers gives it.')
  .meta({ examples: ['web1'] });

/** uapid's own. */
export const endFleetSession = defineFunction({
  ...endSession,
  description: `${endSession.description} ${atGateway} A PID is one of many there, so server is needed, too.`,
  parameters: { server, ...endSession.parameters },
  run: (context) => {
    const host = context.args.get('server') ?? '';
    if (host === '') {
      recordRefusedCall(endSession, context, 'arguments');
      throw new ApiError(callTexts.endNeedsServer, 'server-needed');
    }
    return endOne(context, { host, find: () => ownFleetSessions(context) });
  },
});

export const killFleetSession = defineFunction({
  ...killSession,
  description: `${killSession.description} ${atGateway} An account ends its own sessions on all its servers, or on one by server; with pid, and as an administrator or reseller, server is needed.`,
  parameters: { ...killSession.parameters, server: server.optional() },
  run: (context) => {
    const { account, host } = context;
    const places = placesOf({ ...account, role: 'user' }, host.accounts);
    const ownNames = [account.name, ...places.map(({ systemUser }) => systemUser)];
    return killSessions(context, {
      ownNames: [...new Set(ownNames)],
      alsoKnown: ['server'],
      find: async ({ pid }) => {
        requireServer(context, pid);
        return ownFleetSessions(context);
      },
    });
  },
});

/**
 * A PID is one of many in a fleet, and a login of one name is somebody else on each server: whoever sees
 * other people's sessions says which server is meant. Throws ApiError.
 */
function requireServer(context: CallContext, pid: number | null): void {
  const { account, args } = context;
  if (args.get('server')) return;
  if (account.role === 'user' && pid === null) return;
  recordRefusedCall(killSession, context, 'arguments');
  const text = pid === null ? callTexts.loginOfSeveral : callTexts.pidOfSeveral;
  throw new ApiError(text, 'server-needed');
}

/** The sessions that the caller may end on the servers that are meant, found by a scan for this call. */
async function ownFleetSessions(context: CallContext): Promise<OwnSessions> {
  const { scope, isEmpty, warnings } = fleetScopeOf(context);
  if (isEmpty) return { scope, sessions: [], warnings };
  const snapshot = await context.host.sessions.snapshot(scope);
  return {
    scope,
    sessions: snapshot.sessions,
    warnings: [...warnings, ...fleetWarnings(snapshot)],
  };
}
