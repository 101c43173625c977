import { ownershipOf } from '../../access/owner.ts';
import { formatGaps } from '../../daemons/gap-text.ts';
import { ofUids } from '../../sessions/scope.ts';
import type { FtpSession, GapCause, RunningDaemon, Snapshot } from '../../sessions/session.ts';
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
export function formatAbsence({ gaps }: Pick<Snapshot, 'gaps'>): string {
  const blind = gaps.filter(({ cause }) => blinding.includes(cause));
  return (
    formatGaps(blind)[0] ??
    'uapid sees no FTP daemon of this server’s own that waits for connections.'
  );
}

/** What a caller may know of a daemon. */
type KnownDaemon = Pick<RunningDaemon, 'name' | 'ports'>;

/**
 * The FTP daemon that runs, the one seen first where there are several, or why there is none. Where
 * none waits for connections, the sessions that the caller may see prove one and its ports.
 */
export async function runningDaemon({
  account,
  host,
}: CallContext): Promise<KnownDaemon | { readonly absence: string }> {
  const snapshot = await host.sessions.snapshot(ofUids([]));
  const [daemon] = snapshot.daemons;
  if (daemon !== undefined) return daemon;
  const { scope, isEmpty } = await ownershipOf(account, host.accounts, host.systemUsers);
  const seen = isEmpty ? snapshot : await host.sessions.snapshot(scope);
  // Told to administrators alone: others' snapshots have none of them.
  const uncounted = formatGaps(
    seen.gaps.filter(({ cause }) => cause.startsWith('daemon-') && !blinding.includes(cause)),
  );
  return provenBy(seen.sessions) ?? { absence: [formatAbsence(snapshot), ...uncounted].join(' ') };
}

function provenBy(sessions: readonly FtpSession[]): KnownDaemon | null {
  const [first] = sessions;
  if (first === undefined) return null;
  const ports = new Set(
    sessions.flatMap(({ daemon, localPort }) => (daemon === first.daemon ? (localPort ?? []) : [])),
  );
  return { name: first.daemon, ports: [...ports].sort((a, b) => a - b) };
}
