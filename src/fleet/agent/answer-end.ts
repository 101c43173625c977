import { localHost } from '../../sessions/identity.ts';
import { everybody, ofSystemUsers } from '../../sessions/scope.ts';
import type { EndedSession, SessionEnder } from '../../sessions/session-ender.ts';
import type { EndedRow } from '../messages/answer.ts';
import type { EndAsk } from '../messages/ask.ts';

/** On whose demand a gateway has sessions ended, by its word. */
export interface GatewayDemand extends Pick<EndAsk, 'by' | 'via' | 'address'> {}

/** What ends sessions on demand of somebody at a gateway, and writes it down. */
export type EnderFor = (demand: GatewayDemand) => SessionEnder;

/**
 * Ends what a request names, of the system users that it names and of nobody else: this host verifies each
 * session anew by its pid and start. One result for each, in their order.
 */
export async function endFor(
  { by, via, address, users, targets }: EndAsk,
  enderFor: EnderFor,
): Promise<EndedRow[]> {
  const scope = users === null ? everybody : ofSystemUsers(users);
  const identities = targets.map((each) => ({ host: localHost, ...each }));
  const results = await enderFor({ by, via, address }).end(identities, scope);
  return results.map(toRow);
}

function toRow({ identity: { pid, startTime }, outcome }: EndedSession): EndedRow {
  if (outcome === 'refused' || outcome === 'unconfirmed') {
    throw new Error('this host ends sessions itself');
  }
  return { pid, startTime, outcome };
}
