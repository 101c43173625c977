import type { LookedSession } from '../sessions/looked-session.ts';
import type { FtpSession } from '../sessions/session.ts';

/** pure-ftpd's tell of themselves by events (src/session-log/recorder.ts). */
const telling = 'pure-ftpd';

interface Seen {
  readonly sessions: readonly FtpSession[];
  readonly daemons: readonly { readonly name: string }[];
}

/**
 * Takes what scans find and hands on which daemons run, and what is new of the sessions of those that tell of none by
 * themselves; of this host, not of its containers.
 */
export function reportLooked(
  send: (json: string) => void,
): (found: Seen, isWhole: boolean) => void {
  let known = new Set<string>();
  let knownDaemons = '';
  return ({ sessions, daemons }, isWhole) => {
    const running = [...new Set(daemons.map(({ name }) => name))];
    const seen = running.some((name) => name !== telling) ? sessions.filter(isLooked) : [];
    const added = seen.filter((session) => !known.has(keyOf(session)));
    if (isWhole) known = new Set(seen.map(keyOf));
    else for (const session of added) known.add(keyOf(session));
    const names = running.sort().join(' ');
    const isNew = isWhole && names !== knownDaemons;
    if (isNew) knownDaemons = names;
    if (added.length === 0 && !isNew) return;
    send(JSON.stringify({ daemons: running, sessions: added.map(lookedSession) }));
  };
}

function isLooked({ daemon, container }: FtpSession): boolean {
  return daemon !== telling && container === undefined;
}

/** Its user and its peer may be known later than itself, and proven later or no more. */
function keyOf(session: FtpSession): string {
  const { pid, startTime, ownerUid, isUserProven, protocol, remoteAddress, remotePort } = session;
  // Last what may have any character.
  return `${pid} ${startTime} ${ownerUid} ${isUserProven} ${protocol} ${remoteAddress} ${remotePort} ${session.user}`;
}

function lookedSession(session: FtpSession): LookedSession {
  return {
    pid: session.pid,
    startTime: session.startTime,
    daemon: session.daemon,
    ownerUid: session.ownerUid,
    user: session.user,
    isUserProven: session.isUserProven,
    remoteAddress: session.remoteAddress,
    remotePort: session.remotePort,
    localPort: session.localPort,
    protocol: session.protocol,
    connectedAt: session.connectedAt,
  };
}
