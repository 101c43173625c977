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
  'not-asked': 'not asked in time',
  unsigned: 'request not signed',
  refused: 'refuses to answer',
  malformed: 'answer makes no sense',
  cloned: 'two machines under one name',
  'not-enrolled': 'not let in',
};

const left = { align: 'left', cut: 'end', rank: 0 } as const;
const columns: readonly Column[] = [
  { ...left, heading: 'MISSING', minWidth: 8 },
  { ...left, heading: 'CAUSE', minWidth: 13 },
  { ...left, heading: 'LAST ANSWER', minWidth: 20 },
];

/** Every server that is missing, as the lines of a table below that of the sessions; none for none. */
export function drawMissing(missing: readonly MissingRow[], terminal: Capabilities): string[] {
  if (missing.length === 0) return [];
  // A command that has just begun knows of no earlier answer.
  const knowsTimes = missing.some(({ last_answer: last }) => last !== undefined);
  const shown = knowsTimes ? columns : columns.slice(0, 2);
  const cells = missing.map(({ server, cause, refusal, last_answer: last }) => {
    const why = `${causes[cause] ?? cause}${refusal === undefined ? '' : ` (${refusal})`}`;
    const texts = [server, why, last ?? 'unknown'].slice(0, shown.length);
    return texts.map((text) => ({ text: printable(text), style: null }));
  });
  const { headings, row } = layOutTable(shown, cells, terminal);
  return ['', headings, ...cells.map(row)].map((line) => styled(line, 'yellow', terminal));
}
