import { formatBytes } from '../page/browser/formats.ts';
import type { FileLine, SessionLine } from '../session-log/log-line.ts';
import type { Capabilities } from './capabilities.ts';
import { printable } from './printable.ts';
import { type Cell, type Column, layOutTable } from './table.ts';
import { formatMoment, formatSpan } from './units.ts';

const unknown = '-';
const left = { align: 'left', cut: 'end' } as const;

/** What of a session that was has a place in the table; at a gateway with its server. */
export type PastRow = Pick<
  SessionLine,
  | 'connected_at'
  | 'ended_at'
  | 'user'
  | 'owner'
  | 'owner_name'
  | 'address'
  | 'transfers'
  | 'bytes'
  | 'end'
  | 'ended_by'
  | 'pid'
> & { readonly server?: string };

interface HistoryColumn extends Column {
  readonly text: (line: PastRow, now: Date) => string;
}

const columns: readonly HistoryColumn[] = [
  { ...left, heading: 'CONNECTED', minWidth: 16, rank: 1, text: connected },
  { ...left, heading: 'FOR', align: 'right', minWidth: 6, rank: 4, text: span },
  { ...left, heading: 'USER', minWidth: 8, rank: 0, text: ({ user }) => user ?? unknown },
  { ...left, heading: 'OWNER', minWidth: 6, rank: 5, text: owner },
  { ...left, heading: 'FROM', minWidth: 15, rank: 2, text: ({ address }) => address ?? unknown },
  { ...left, heading: 'FILES', align: 'right', minWidth: 5, rank: 6, text: transfers },
  { ...left, heading: 'BYTES', align: 'right', minWidth: 5, rank: 7, text: bytes },
  { ...left, heading: 'END', minWidth: 6, rank: 3, text: ending },
  { ...left, heading: 'PID', align: 'right', minWidth: 6, rank: 8, text: ({ pid }) => `${pid}` },
];

/** At the gateway of a fleet. */
const serverColumn: HistoryColumn = {
  ...left,
  heading: 'SERVER',
  minWidth: 6,
  rank: 1,
  text: ({ server }) => server ?? unknown,
};

/** A table of sessions that were; it has room for these rows, and later ones may follow. */
export function layOutHistory(rows: readonly PastRow[], now: Date, terminal: Capabilities) {
  const isFleet = rows.some(({ server }) => server !== undefined);
  const shown = isFleet ? [serverColumn, ...columns] : columns;
  const cellsOf = (line: PastRow) =>
    shown.map(({ text }): Cell => ({ text: printable(text(line, now)), style: null }));
  const cells = rows.map(cellsOf);
  const { headings, row } = layOutTable(shown, cells, terminal);
  return {
    lines: [headings, ...cells.map(row)],
    row: (line: PastRow) => row(cellsOf(line)),
  };
}

/** One file of a session, to stand below it. */
export function fileLine({ at, direction, bytes, whole, file }: FileLine, now: Date): string {
  const when = at === null ? unknown : formatMoment(new Date(at), now);
  return printable(`  ${when} ${direction} ${bytes} bytes${whole ? '' : ', broken off'}: ${file}`);
}

function transfers({ transfers: count }: PastRow): string {
  return count === null ? unknown : String(count);
}

function bytes({ bytes: count }: PastRow): string {
  return count === null ? unknown : formatBytes(count);
}

function connected({ connected_at: at }: PastRow, now: Date): string {
  return at === null ? unknown : formatMoment(new Date(at), now);
}

function span({ connected_at: from, ended_at: to }: PastRow): string {
  return from === null || to === null ? unknown : formatSpan(Date.parse(to) - Date.parse(from));
}

function owner({ owner: uid, owner_name: name }: PastRow): string {
  return name ?? (uid === null ? unknown : String(uid));
}

/** Those without an end were connected when the log was read. */
function ending({ end, ended_by: by }: PastRow): string {
  if (end === null) return 'connected';
  return end === 'ended' && by !== null ? `ended by ${by}` : end;
}
