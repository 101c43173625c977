import type { FleetCounts } from '../../sessions/fleet.ts';
import { missingTexts } from '../../sessions/missing-text.ts';
import { scopeKey } from '../../sessions/scope.ts';
import type { ServersReport } from '../../sessions/servers.ts';
import type { Snapshot, SnapshotWants } from '../../sessions/session.ts';
import type { Warning } from '../../sessions/warning.ts';
import { ApiError } from '../call/api-error.ts';
import type { CallContext } from '../call/define-function.ts';
import { serversMetadata } from '../envelope/servers-metadata.ts';
import { fleetScopeOf, requireFleet } from './fleet-scope.ts';
import { fleetWarnings } from './fleet-warnings.ts';

/** What the servers of a caller have answered. */
interface FleetAnswer {
  /** Names whose sessions it has. */
  readonly key: string;
  readonly snapshot: Snapshot;
  readonly warnings: readonly Warning[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What there is for an account that stands for nobody here. */
interface NobodyAsked {
  readonly warnings: readonly Warning[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * Asks the servers of the caller for its sessions. Throws ApiError for an argument that will not do, and
 * where some server is missing though all of them were wanted.
 */
export async function askFleet(
  context: CallContext,
  wants?: SnapshotWants,
): Promise<FleetAnswer | NobodyAsked> {
  const mustBeComplete = readComplete(context.args.get('complete'));
  const { scope, isEmpty, warnings } = fleetScopeOf(context, { isList: true });
  if (isEmpty) return { warnings, metadata: { servers: nobody } };
  const snapshot = await context.host.sessions.snapshot(scope, wants);
  const { servers } = snapshot;
  if (servers !== undefined) requireComplete(servers, mustBeComplete);
  return {
    key: scopeKey(scope),
    snapshot,
    warnings: [...warnings, ...fleetWarnings(snapshot)],
    metadata: servers === undefined ? {} : serversMetadata(servers),
  };
}

/** The same of the numbers of sessions alone, however many there are. */
export async function askCounts(
  context: CallContext,
): Promise<
  (Pick<FleetAnswer, 'warnings' | 'metadata'> & { readonly told: FleetCounts }) | NobodyAsked
> {
  const mustBeComplete = readComplete(context.args.get('complete'));
  const { scope, isEmpty, warnings } = fleetScopeOf(context, { isList: true });
  if (isEmpty) return { warnings, metadata: { servers: nobody } };
  const told = await requireFleet(context.host.fleet).count(scope);
  requireComplete(told.servers, mustBeComplete);
  const sessions = [...told.counts].flatMap(([host, each]) =>
    each.sessions > 0 ? [{ host }] : [],
  );
  return {
    told,
    warnings: [...warnings, ...fleetWarnings({ ...told, sessions })],
    metadata: serversMetadata(told.servers),
  };
}

/** What stands in the metadata where there is nobody to ask. */
export const nobody = { asked: 0, answered: 0, missing: [] };

/** Throws ApiError where servers are missing though all of them were wanted. */
export function requireComplete(servers: ServersReport, mustBeComplete: boolean): void {
  const { missing } = servers;
  if (!mustBeComplete || missing.length === 0) return;
  const texts = missingTexts(missing).map(({ text }) => text);
  throw new ApiError(texts.join(' '), 'servers-missing', serversMetadata(servers));
}

/** Whether all servers are wanted, or none. Throws ApiError. */
export function readComplete(text: string | undefined): boolean {
  if (text === undefined || text === '' || text === '0') return false;
  if (text === '1') return true;
  throw new ApiError('The argument “complete” takes 0 or 1.');
}
