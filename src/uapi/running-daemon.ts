import { describeGaps } from '../ftp/gap-text.ts';
import type { GapCause, RunningDaemon, Snapshot } from '../ftp/session.ts';
import type { CallContext } from './define-function.ts';

/** With these a daemon can run without being seen. */
const blinding: readonly GapCause[] = ['processes-hidden', 'executables-unreadable'];

/** What is to be said of a host on which no daemon was seen. "Cannot see" is never "none". */
export function describeAbsence({ gaps }: Pick<Snapshot, 'gaps'>): string {
  const blind = gaps.filter(({ cause }) => blinding.includes(cause));
  return describeGaps(blind)[0] ?? 'No FTP daemon runs on this server.';
}

/** The FTP daemon that runs, the one seen first where there are several, or why there is none. */
export async function runningDaemon({
  host,
}: CallContext): Promise<RunningDaemon | { readonly absence: string }> {
  const snapshot = await host.sessions.snapshot([]);
  return snapshot.daemons[0] ?? { absence: describeAbsence(snapshot) };
}
