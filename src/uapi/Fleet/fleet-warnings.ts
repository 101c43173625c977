import { warningsOfGaps } from '../../daemons/gap-text.ts';
import { missingTexts, namesOf } from '../../sessions/missing-text.ts';
import type { ServersReport } from '../../sessions/servers.ts';
import type { Gap, Snapshot } from '../../sessions/session.ts';
import { type Warning, warn } from '../../sessions/warning.ts';

/** Gaps of one cause are told of so many servers, and of how many more. */
const maxServers = 20;

/** What of an answer says what is missing in it. */
type Told = Pick<Snapshot, 'servers' | 'gaps' | 'daemons'> & {
  readonly sessions: readonly { readonly host: string }[];
};

/** What is missing in an answer of a fleet, in sentences: whole servers first. */
export function fleetWarnings(snapshot: Told): Warning[] {
  const { servers } = snapshot;
  return [
    ...(servers === undefined ? [] : missingWarnings(servers)),
    ...withoutDaemon(snapshot),
    ...gapsByServer(snapshot.gaps),
  ];
}

/** Servers that are missing, in a sentence a cause. */
export function missingWarnings({ missing }: ServersReport): Warning[] {
  return missingTexts(missing).map(({ cause, text }) => warn(`server-${cause}`, text));
}

/** Servers without a session of the caller's on which no daemon is seen either. */
function withoutDaemon({ servers, sessions, daemons }: Told): Warning[] {
  const seen = new Set([...sessions, ...daemons].map(({ host }) => host));
  const names = [...(servers?.begunAt.keys() ?? [])].filter((server) => !seen.has(server));
  if (names.length === 0) return [];
  const on = names.length === 1 ? `the server “${names[0]}”` : `${names.length} servers`;
  const which = names.length === 1 ? '' : ` (${namesOf(names)})`;
  const text = `On ${on} no FTP daemon is seen that waits for connections${which}.`;
  return [warn('no-daemon', text)];
}

function gapsByServer(gaps: readonly Gap[]): Warning[] {
  const byServer = new Map<string, Gap[]>();
  for (const gap of gaps) {
    const server = gap.host ?? '';
    const own = byServer.get(server);
    if (own === undefined) byServer.set(server, [gap]);
    else own.push(gap);
  }
  const told = new Map<string, number>();
  const warnings: Warning[] = [];
  for (const [server, own] of byServer) {
    for (const { code, text } of warningsOfGaps(own)) {
      const count = (told.get(code) ?? 0) + 1;
      told.set(code, count);
      if (count <= maxServers) warnings.push({ code, text: `${server}: ${text}` });
    }
  }
  for (const [code, count] of told) {
    const more = count - maxServers;
    if (more > 0) warnings.push({ code, text: `${more} more servers tell the same (${code}).` });
  }
  return warnings;
}
