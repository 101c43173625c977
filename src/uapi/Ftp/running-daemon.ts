import { ownershipOf } from '../../access/owner.ts';
import { warningsOfGaps } from '../../daemons/gap-text.ts';
import { ofUids } from '../../sessions/scope.ts';
import type { FtpSession, GapCause, RunningDaemon, Snapshot } from '../../sessions/session.ts';
import { type Warning, warn } from '../../sessions/warning.ts';
import type { CallContext } from '../call/define-function.ts';

/** With these a daemon can run without being seen. */
const blinding: readonly GapCause[] = [
  'processes-hidden',
  'executables-unreadable',
  'processes-late',
  'daemon-failed',
];

/**
 * What is to be said of a host on which no daemon was seen. "Cannot see" is never "none", and what
 * does not count may run all the same. A daemon of a super-server (inetd, tcpserver, socket
 * activation) shows by somebody's session alone. An account, which must not learn of the one or the
 * other, is told nothing untrue.
 */
export function absenceOf({ gaps }: Pick<Snapshot, 'gaps'>): Warning {
  const blind = gaps.filter(({ cause }) => blinding.includes(cause));
  return (
    warningsOfGaps(blind)[0] ??
    warn('no-daemon', 'uapid sees no FTP daemon of this server’s own that waits for connections.')
  );
}

/** What a caller may know of a daemon. */
export type KnownDaemon = Pick<RunningDaemon, 'name' | 'ports'>;

export interface DaemonAbsence {
  readonly absence: readonly Warning[];
}

/**
 * The FTP daemon that runs, or why there is none: where there are several, the first whose name is
 * preferred, else the one seen first, with the ports of all. Where none waits for connections, the sessions that the caller
 * may see prove one and its ports.
 */
export async function runningDaemon(
  { account, host }: CallContext,
  isPreferred: (name: string) => boolean = () => true,
): Promise<KnownDaemon | DaemonAbsence> {
  const snapshot = await host.sessions.snapshot(ofUids([]));
  if (snapshot.daemons.length > 0) return daemonIn(snapshot, isPreferred);
  const { scope, isEmpty } = await ownershipOf(account, host);
  const seen = isEmpty ? snapshot : await host.sessions.snapshot(scope);
  return daemonOf(seen, snapshot);
}

/** The same where no daemon waits for connections, by the sessions in the caller's scope. */
function daemonOf(seen: Snapshot, snapshot: Snapshot): KnownDaemon | DaemonAbsence {
  // Told to administrators alone: others' snapshots have none of them.
  const uncounted = warningsOfGaps(
    seen.gaps.filter(({ cause }) => cause.startsWith('daemon-') && !blinding.includes(cause)),
  );
  // What runs in a container is no daemon of this host's.
  const own = seen.sessions.filter(({ container }) => container === undefined);
  return provenBy(own) ?? { absence: [absenceOf(snapshot), ...uncounted] };
}

/** The same in a snapshot of the caller's sessions on one host. */
export function daemonIn(
  snapshot: Snapshot,
  isPreferred: (name: string) => boolean = () => true,
): KnownDaemon | DaemonAbsence {
  const { daemons } = snapshot;
  const daemon = daemons.find(({ name }) => isPreferred(name)) ?? daemons[0];
  if (daemon !== undefined) return { name: daemon.name, ports: portsOf(daemons) };
  return daemonOf(snapshot, snapshot);
}

/** All ports that daemons listen on, ascending; null when those of none can be seen. */
function portsOf(daemons: readonly RunningDaemon[]): readonly number[] | null {
  const seen = daemons.flatMap(({ ports }) => (ports === null ? [] : [ports]));
  return seen.length === 0 ? null : [...new Set(seen.flat())].sort((a, b) => a - b);
}

function provenBy(sessions: readonly FtpSession[]): KnownDaemon | null {
  const [first] = sessions;
  if (first === undefined) return null;
  const ports = new Set(
    sessions.flatMap(({ daemon, localPort }) => (daemon === first.daemon ? (localPort ?? []) : [])),
  );
  return { name: first.daemon, ports: [...ports].sort((a, b) => a - b) };
}
