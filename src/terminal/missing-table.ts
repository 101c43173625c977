import type { Capabilities } from './capabilities.ts';
import { styled } from './capabilities.ts';
import { printable } from './printable.ts';
import { type Column, layOutTable } from './table.ts';

/** A server of a fleet whose sessions are missing, as metadata.servers tells it. */
export interface MissingRow {
  readonly server: string;
  readonly cause: string;
  readonly refusal?: string;
  /** ISO 8601. */
  readonly last_answer?: string;
}

/** In few words; docs/fleet.md has more. */
const causes: Readonly<Record<string, string>> = {
  absent: 'not connected',
  silent: 'no answer in time',
  busy: 'busy, ask again',
  'not-asked': 'not asked in time',
  unsigned: 'request not signed',
  refused: 'refuses to answer',
  malformed: 'answer makes no sense',
  cloned: 'two machines under one name',
  'not-enrolled': 'not let in',
};

/** What a host says for itself, where more can be done than to look there. */
const refusals: Readonly<Record<string, string>> = {
  'history-off': 'keeps no session log',
  'history-unread': 'could not read its session log',
  'history-slow': 'needed too long to read its session log',
  'history-busy': 'reads its session log for others already',
  'unknown-verb': 'older than this gateway',
  signature: 'knows another signing key of this gateway',
  'gateway-unknown': 'does not know this gateway',
  'not-for-me': 'goes by another name there',
  expired: 'clock more than an hour off',
};

const left = { align: 'left', cut: 'end', rank: 0 } as const;
const columns: readonly Column[] = [
  { ...left, heading: 'MISSING', minWidth: 8 },
  { ...left, heading: 'CAUSE', minWidth: 13 },
  { ...left, heading: 'LAST ANSWER', minWidth: 20 },
];

/** What stands in place of a table without rows: where nobody has answered, that says nothing of sessions. */
export function noSessions(
  servers: { readonly answered: number; readonly missing: readonly MissingRow[] } | undefined,
): string {
  const isNobody = servers !== undefined && servers.answered === 0 && servers.missing.length > 0;
  return isNobody ? 'No server has told its sessions.' : 'No sessions.';
}

/** Every server that is missing, as the lines of a table below that of the sessions; none for none. */
export function drawMissing(missing: readonly MissingRow[], terminal: Capabilities): string[] {
  if (missing.length === 0) return [];
  // A command knows of no answers but those to itself.
  const knowsTimes = missing.some(({ last_answer: last }) => last !== undefined);
  const shown = knowsTimes ? columns : columns.slice(0, 2);
  const cells = missing.map(({ server, cause, refusal, last_answer: last }) => {
    const texts = [server, whyOf(cause, refusal), last ?? 'unknown'].slice(0, shown.length);
    return texts.map((text) => ({ text: printable(text), style: null }));
  });
  const { headings, row } = layOutTable(shown, cells, terminal);
  return ['', headings, ...cells.map(row)].map((line) => styled(line, 'yellow', terminal));
}

function whyOf(cause: string, refusal: string | undefined): string {
  if (refusal === undefined) return causes[cause] ?? cause;
  return refusals[refusal] ?? `${causes[cause] ?? cause} (${refusal})`;
}
