import type { Scope } from '../../sessions/scope.ts';
import { FleetError, type MissingServer } from '../../sessions/servers.ts';
import type { HostOutcome } from './outcome.ts';

/** The hosts of a scope: those that are asked, with whose sessions, and those that are not let in. */
export interface Expected {
  readonly asked: readonly { readonly host: string; readonly users: readonly string[] | null }[];
  readonly missing: readonly MissingServer[];
}

/** Whom a scope is about, among the hosts that are let in. Throws FleetError for the scope of one host. */
export function expectedHosts(scope: Scope, servers: readonly string[]): Expected {
  const enrolled = new Set(servers);
  if (scope.kind === 'everybody') {
    return { asked: [...enrolled].sort().map((host) => ({ host, users: null })), missing: [] };
  }
  if (scope.kind !== 'placed') throw notAtGateway();
  const wanted = scope.hosts.map(([host, users]) => ({ host, users }));
  return {
    asked: wanted.filter(({ host }) => enrolled.has(host)),
    missing: wanted
      .filter(({ host }) => !enrolled.has(host))
      .map(({ host }) => ({ server: host, cause: 'not-enrolled' })),
  };
}

/** A host that has not answered, with why; `answeredAt` is when it last did, in ms since the epoch. */
export function missingServer(
  server: string,
  outcome: Exclude<HostOutcome, { kind: 'answer' }>,
  answeredAt: number | null,
): MissingServer {
  const { kind } = outcome;
  return {
    server,
    cause: kind === 'lost' || kind === 'too-large' ? 'silent' : kind,
    ...(kind === 'refused' ? { refusal: outcome.refusal } : {}),
    ...(kind === 'cloned' ? { instances: outcome.instances } : {}),
    ...(answeredAt === null ? {} : { answeredAt }),
  };
}

export function notAtGateway(): FleetError {
  return new FleetError(
    'not-at-gateway',
    'This server is the gateway of a fleet, and that function answers for one host alone: ask the host itself.',
  );
}
