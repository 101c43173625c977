import type { Gap, GapCause, SharedGapCause } from '../sessions/session.ts';
import type { Warning } from '../sessions/warning.ts';
import { daemonDescriptions } from './descriptions.ts';
import { countSessions, type GapSentence } from './gap-sentence.ts';

/** Of the causes that are no single daemon's. */
const sharedSentences: Record<SharedGapCause, GapSentence> = {
  'processes-hidden': () =>
    'This server hides other users’ processes from uapid (hidepid), so sessions may be missing. Run uapid as root.',
  'executables-unreadable': () =>
    'uapid may not read which program a process executes, so it tells FTP sessions by their title and their master process alone. Run uapid as root.',
  'processes-late': () =>
    'The program ps has not listed the processes in time, so no session can be told. Any user of this server can bring that about: use the process source procfs.',
  'daemon-failed': (_count, _pids, names) =>
    `uapid failed to look at ${listOf(names, ' and ')}, so its sessions are missing.`,
  'daemon-in-container': (count) =>
    `${daemons(count)} in a container (another PID namespace or root directory); the sessions there are not listed.`,
  'daemon-in-user-namespace': (count) =>
    `${daemons(count)} in another user namespace; the sessions there are not listed.`,
  'daemon-of-user': (count) =>
    `${daemons(count)} as an ordinary user, and nothing of root’s proves a session; neither it nor what it serves is listed.`,
  'daemon-untrusted': (count) =>
    `${daemons(count)} from a program that others than root may write; its sessions are not listed.`,
  'login-unknown': (count) =>
    `Whether ${count === 1 ? 'one connection that runs' : `${count} connections that run`} as root ${count === 1 ? 'has' : 'have'} logged in cannot be told, so ${count === 1 ? 'it is' : 'they are'} left out.`,
  'session-unproven': (count) =>
    `${processes(count)} like an FTP session, but nothing that can be read proves it, so ${count === 1 ? 'it is' : 'they are'} left out.`,
  'process-left-alone': (count, pids) =>
    `${count === 1 ? 'Process' : 'Processes'} ${listOf(pids)} ${count === 1 ? 'is' : 'are'} left out, since reading what the kernel tells of ${count === 1 ? 'it' : 'them'} does not end: sessions may be missing.`,
  'login-unproven': () =>
    'The FTP login of some session cannot be told for sure, and so whose it is: sessions may be missing.',
  'system-user-unknown': (_count, _pids, names) =>
    `This server has no system user ${listOf(names.map(quoted))}.`,
  'system-user-is-root': (_count, _pids, names) =>
    `The system user ${listOf(names.map(quoted))} is root: root’s sessions belong to no account, and only administrators see them.`,
  'container-crowded': () =>
    'A container has more processes or open files of FTP daemons than are looked at, so sessions there may be missing.',
  'container-failed': () => 'uapid failed to look into a container, so its sessions are missing.',
  'container-record-unreadable': (count) =>
    `${processes(count)} like an FTP session in a container whose record may not be read, or lies where reading it may wait for ever, so ${count === 1 ? 'it is' : 'they are'} left out. A tmpfs there, as docker run --tmpfs /run makes, is read (docs/containers.md).`,
  'address-unknown': (count) => `The address of the peer is not known for ${countSessions(count)}.`,
  'file-unknown': (count) => `The file in transfer is not known for ${countSessions(count)}.`,
  'state-unknown': (count) =>
    `Whether a transfer runs cannot be seen for ${countSessions(count)}, so ${count === 1 ? 'it is' : 'they are'} left out.`,
};

const sentences: ReadonlyMap<GapCause, GapSentence> = new Map(
  [sharedSentences, ...daemonDescriptions.map(({ gaps }) => gaps)].flatMap((each) =>
    Object.entries(each),
  ),
);

/** Every cause that there is. */
export const gapCauses: readonly GapCause[] = [...sentences.keys()];

/** One English sentence for each cause among the gaps, in the order of their first appearance; those that are not known last, in one. */
export function formatGaps(gaps: readonly Gap[]): string[] {
  return warningsOfGaps(gaps).map(({ text }) => text);
}

/** The same with the causes, as warnings of an answer. */
export function warningsOfGaps(gaps: readonly Gap[]): Warning[] {
  const byCause = new Map<GapCause, { count: number; pids: number[]; names: Set<string> }>();
  for (const { cause, pid, daemon, systemUser } of gaps) {
    const alike = byCause.get(cause) ?? { count: 0, pids: [], names: new Set<string>() };
    byCause.set(cause, alike);
    alike.count += 1;
    if (pid !== undefined) alike.pids.push(pid);
    const name = daemon ?? systemUser;
    if (name !== undefined) alike.names.add(name);
  }
  const warnings: Warning[] = [];
  const unknown: string[] = [];
  for (const [cause, { count, pids, names }] of byCause) {
    const sentence = sentences.get(cause);
    if (sentence === undefined) unknown.push(cause);
    else warnings.push({ code: cause, text: sentence(count, pids, [...names]) });
  }
  const [code] = unknown;
  if (code === undefined) return warnings;
  // Of a host of a fleet that is newer than this uapid, or says what it likes.
  return [...warnings, { code, text: `Something could not be seen (${listOf(unknown)}).` }];
}

/** More would make a warning that nobody reads. */
const maxNamed = 10;

function listOf(named: readonly (number | string)[], separator = ', '): string {
  const more = named.length - maxNamed;
  return named.slice(0, maxNamed).join(separator) + (more > 0 ? ` and ${more} more` : '');
}

function quoted(name: string): string {
  return `“${name}”`;
}

function processes(count: number): string {
  return count === 1 ? 'One process looks' : `${count} processes look`;
}

function daemons(count: number): string {
  return count === 1
    ? 'One process looks like an FTP daemon and runs'
    : `${count} processes look like FTP daemons and run`;
}
