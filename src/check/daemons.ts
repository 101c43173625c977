import { formatGaps } from '../daemons/gap-text.ts';
import { listed } from '../lib/listed.ts';
import type { GapCause, Snapshot } from '../sessions/session.ts';
import { about, type Finding } from './finding.ts';

const { ok, note, mend } = about('daemon');

/** What is not listed as somebody decided so, or as nothing on this host would change it. */
const meant: ReadonlySet<GapCause> = new Set([
  'daemon-in-container',
  'daemon-in-user-namespace',
  'daemon-of-user',
]);

/** Which daemons a scan saw, and what it could not see. */
export function checkDaemons(snapshot: Snapshot): Finding[] {
  const { daemons, containedDaemons = [], sessions, gaps } = snapshot;
  const seen = [
    ...daemons.map(({ name, pid }) => `${name} (pid ${pid})`),
    ...new Set(containedDaemons.map(({ name, container }) => `${name} in ${container.name}`)),
  ];
  const count = sessions.length === 1 ? '1 session' : `${sessions.length} sessions`;
  const first =
    seen.length > 0 || sessions.length > 0
      ? ok(`${listed(seen.length > 0 ? seen : ['a daemon that runs on demand'])}: ${count}.`)
      : note(
          'No FTP daemon is seen: start pure-ftpd, ProFTPD or vsftpd. Behind inetd there is none before a login.',
        );
  const rest = gaps.map((gap) => {
    const [text = ''] = formatGaps([gap]);
    return meant.has(gap.cause) ? note(text) : mend(text);
  });
  return [first, ...rest];
}
