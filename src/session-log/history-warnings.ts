import { type Warning, warn } from '../sessions/warning.ts';
import type { GapCause, GapLine, SessionLine } from './log-line.ts';

const sentences: Record<GapCause, (count: number | 'some') => string> = {
  'not-running': () => 'the session log was not written',
  'events-lost': () => 'the kernel may have dropped events of sessions',
  'directory-absent': () => 'pure-ftpd had no scoreboard that uapid knows',
  'directory-replaced': () => 'pure-ftpd’s scoreboard was replaced or removed',
  'directory-unreadable': () => 'pure-ftpd’s scoreboard could not be read, or is not root’s alone',
  'record-missed': (count) =>
    `${count === 1 ? 'one connection was' : `${count} connections were`} over before the record could be opened`,
  'record-unreadable': (count) =>
    `${count === 1 ? 'one record was' : `${count} records were`} none that uapid knows`,
  'looks-only': () => 'nothing but scans told of sessions',
  'slots-only': () => 'only the scoreboard told of sessions',
  'sftp-looks-only': () => 'nothing but scans told of SFTP sessions',
  'clock-set': () => 'the system’s clock was set, so that times there are not to be relied on',
  'lines-lost': (count) => `${count === 1 ? 'one line' : `${count} lines`} could not be written`,
  deleted: (count) => `${count === 1 ? 'one line was' : `${count} lines were`} deleted on demand`,
};

/**
 * What may be missing in an answer, one sentence a cause, with the time in which it was so; `tell`
 * writes a time down. How many connections there were is nothing for an account that sees its own.
 */
export function gapWarnings(
  gaps: readonly GapLine[],
  tell: (at: Date) => string,
  { tellsCounts } = { tellsCounts: true },
): Warning[] {
  const causes = new Set(gaps.map(({ cause }) => cause));
  causes.delete('looks-only');
  causes.delete('slots-only');
  causes.delete('sftp-looks-only');
  return [...causes]
    .map((cause) => {
      const lines = gaps.filter((gap) => gap.cause === cause);
      const count = lines.reduce((sum, line) => sum + (line.count ?? 1), 0);
      const times = lines.flatMap(({ since, at }) => [since ?? at, at]).sort();
      const [from, to] = [times[0], times.at(-1)].map((time) => tell(new Date(time ?? 0)));
      const isOften = tellsCounts && lines.length > 1 && !countsLines.has(cause);
      const often = isOften ? `, ${lines.length} times` : '';
      const isOpen = lines.some(({ open }) => open === true);
      const when = isOpen
        ? `since ${from}`
        : from === to
          ? `at ${from}`
          : `between ${from} and ${to}`;
      const text = `Sessions may be missing: ${when}${often} ${sentences[cause](tellsCounts ? count : 'some')}.`;
      return warn('history-gap', text);
    })
    .concat(looksWarnings(gaps));
}

/** That of some daemons those sessions alone are known that somebody has looked at. */
function looksWarnings(gaps: readonly GapLine[]): Warning[] {
  const those = gaps.filter(({ cause }) => cause === 'looks-only');
  const daemons = [...new Set(those.map(({ daemon }) => daemon ?? ''))].sort();
  const slots = gaps.filter(({ cause }) => cause === 'slots-only');
  const others = new Set(slots.flatMap(({ daemon }) => daemon ?? []));
  const sftp = gaps.filter(({ cause }) => cause === 'sftp-looks-only');
  const withSftp = new Set(sftp.flatMap(({ daemon }) => daemon ?? []));
  for (const daemon of daemons) {
    others.delete(daemon);
    withSftp.delete(daemon);
  }
  return [
    ...daemons.map((daemon) =>
      warn(
        'history-looks',
        `Sessions of ${daemon} are known only where somebody asked for the list while they lasted: others are missing, above all short ones.`,
      ),
    ),
    ...[...others].map((daemon) =>
      warn(
        'history-looks',
        `Sessions of ${daemon} are known by its scoreboard: those of a few milliseconds may be missing.`,
      ),
    ),
    ...[...withSftp].map((daemon) =>
      warn(
        'history-looks',
        `SFTP sessions of ${daemon} are known only where somebody asked for the list while they lasted: others are missing, above all short ones.`,
      ),
    ),
  ];
}

/** That sessions are left out which may be the asker's; without a number, as they may be made up. */
export const withheldWarning = warn(
  'history-unproven',
  'Sessions are left out that bear one of these FTP logins, since nothing proved that it was theirs.',
);

/** Their sentence has the number, so that several come to one. */
export const countsLines: ReadonlySet<GapCause> = new Set([
  'record-missed',
  'record-unreadable',
  'lines-lost',
  'deleted',
]);

/**
 * That an answer is no promise, since the log begins later than what is asked for, or has no line;
 * null where it is one. Both times in ms since the epoch, null for a log that is empty and for all.
 */
export function beginWarning(
  begin: number | null,
  since: number | null,
  tell: (at: Date) => string,
): Warning | null {
  if (begin === null) return warn('history-empty', 'There is nothing in the session log yet.');
  if (since === null || since >= begin) return null;
  return warn('history-begins', `The session log begins ${tell(new Date(begin))}.`);
}

/** That what sessions have transferred is not known, though each of them says so, too. */
export function transferWarnings(sessions: readonly SessionLine[]): Warning[] {
  const without = (why: string) => sessions.filter((line) => line.why['transfers'] === why).length;
  const of = (count: number) => (count === 1 ? 'one session' : `${count} sessions`);
  const [none, cut, unsure] = ['no-transfer-log', 'transfer-log-cut', 'not-certain'].map(without);
  const texts = [
    none
      ? `What ${of(none)} transferred is not known: no log of transfers was found that the FTP server writes, as pure-ftpd does with -O stats:FILE.`
      : [],
    cut
      ? `Transfers of ${of(cut)} may be missing: the FTP server’s log of them was truncated meanwhile, or begins later.`
      : [],
    unsure
      ? `Which transfers are those of ${of(unsure)} is not certain: others had the same user and address at the time.`
      : [],
  ].flat();
  return texts.map((text) => warn('history-transfers', text));
}
