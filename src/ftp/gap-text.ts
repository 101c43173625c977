import type { Gap, GapCause } from './session.ts';

type Sentence = (count: number) => string;

const sentences: Record<GapCause, Sentence> = {
  'processes-hidden': () =>
    'This server hides other users’ processes from uapid (hidepid), so sessions may be missing. Run uapid as root.',
  'executables-unreadable': () =>
    'uapid may not read which program a process executes, so it tells FTP sessions by their title and their master process alone. Run uapid as root.',
  'session-unproven': (count) =>
    `${processes(count)} like an FTP session, but the scoreboard that would prove it cannot be read, so ${count === 1 ? 'it is' : 'they are'} left out.`,
  'record-missing': (count) =>
    `The scoreboard of pure-ftpd has no entry for ${sessions(count)}, so the user is not known.`,
  'record-unreadable': (count) =>
    `The scoreboard of pure-ftpd may not be read, so the user is not known for ${sessions(count)}.`,
  'record-layout-unknown': (count) =>
    `The scoreboard of this build of pure-ftpd has a layout that uapid does not know, so the user is not known for ${sessions(count)}.`,
  'address-unknown': (count) => `The address of the peer is not known for ${sessions(count)}.`,
  'file-unknown': (count) => `The file in transfer is not known for ${sessions(count)}.`,
  'state-unknown': (count) =>
    `Whether a transfer runs cannot be seen for ${sessions(count)}, so ${count === 1 ? 'it is' : 'they are'} left out.`,
  'titles-off': (count) =>
    `This pure-ftpd does not set process titles; the status of ${sessions(count)} is taken from elsewhere.`,
};

/** Every cause that there is. */
export const gapCauses = Object.keys(sentences) as readonly GapCause[];

/** One English sentence for each cause among the gaps, in the order of their first appearance. */
export function describeGaps(gaps: readonly Gap[]): string[] {
  const counts = new Map<GapCause, number>();
  for (const { cause } of gaps) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  return [...counts].map(([cause, count]) => sentences[cause](count));
}

function sessions(count: number): string {
  return count === 1 ? 'one session' : `${count} sessions`;
}

function processes(count: number): string {
  return count === 1 ? 'One process looks' : `${count} processes look`;
}
