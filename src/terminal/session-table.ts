import { formatBytes } from '../page/browser/formats.ts';
import type { listTransfers } from '../uapi/Ftp/list_transfers.ts';
import { type Capabilities, type Style, styled } from './capabilities.ts';
import { printable, wrap } from './printable.ts';
import { type Cell, type Column, layOutTable } from './table.ts';
import { drawBar, formatMoment } from './units.ts';

/** A session with its transfer, as Ftp::list_transfers gives it; at a gateway with its server. */
export type SessionRow = Awaited<ReturnType<typeof listTransfers.run>>['data'][number] & {
  readonly server?: string;
};

const barLength = 10;
const unknown = '-';

const statuses: Record<SessionRow['status'], { word: string; style: Style }> = {
  IDLE: { word: 'idle', style: 'dim' },
  DL: { word: 'download', style: 'green' },
  UL: { word: 'upload', style: 'cyan' },
};

interface SessionColumn extends Column {
  readonly style?: (row: SessionRow) => Style;
  readonly text: (row: SessionRow, now: Date, terminal: Capabilities) => string;
}

const left = { align: 'left', cut: 'end' } as const;

const columns: readonly SessionColumn[] = [
  {
    ...left,
    heading: 'PID',
    align: 'right',
    minWidth: 10,
    rank: 0,
    text: ({ pid }) => String(pid),
  },
  { ...left, heading: 'USER', minWidth: 8, rank: 1, text: ({ user }) => user ?? unknown },
  { ...left, heading: 'OWNER', minWidth: 6, rank: 8, text: ({ owner }) => owner },
  { ...left, heading: 'FROM', minWidth: 15, rank: 5, text: ({ host }) => host ?? unknown },
  { ...left, heading: 'SINCE', minWidth: 16, rank: 7, text: since },
  {
    ...left,
    heading: 'STATUS',
    minWidth: 8,
    rank: 2,
    text: (row) => (isSending(row) ? 'sending' : statuses[row.status].word),
    style: ({ status }) => statuses[status].style,
  },
  {
    ...left,
    heading: 'PROGRESS',
    minWidth: 17,
    rank: 3,
    text: progress,
    style: ({ status }) => statuses[status].style,
  },
  { ...left, heading: 'RATE', align: 'right', minWidth: 12, rank: 6, text: rate },
  {
    ...left,
    heading: 'FILE',
    cut: 'start',
    minWidth: 10,
    rank: 4,
    text: ({ file }) => file ?? unknown,
  },
];

/** At the gateway of a fleet. */
const serverColumn: SessionColumn = {
  ...left,
  heading: 'SERVER',
  minWidth: 6,
  rank: 1,
  text: ({ server }) => server ?? unknown,
};

/** The sessions as the lines of a table; `nothing` stands in place of one without rows. */
export function drawSessions(
  rows: readonly SessionRow[],
  now: Date,
  terminal: Capabilities,
  nothing = 'No sessions.',
): string[] {
  if (rows.length === 0) return [nothing];
  const { headings, lines, leftOut } = layOutSessions(rows, now, terminal);
  return [headings, ...lines, ...drawLeftOut(leftOut, terminal)];
}

/** The parts of that table, for one that adds to them; a line for each row. */
export function layOutSessions(
  rows: readonly SessionRow[],
  now: Date,
  terminal: Capabilities,
): { headings: string; lines: string[]; leftOut: readonly string[] } {
  const isFleet = rows.some(({ server }) => server !== undefined);
  const shown = isFleet ? [serverColumn, ...columns] : columns;
  const cells = rows.map((row) =>
    shown.map(({ text, style }): Cell => {
      return { text: printable(text(row, now, terminal)), style: style?.(row) ?? null };
    }),
  );
  const { headings, row, leftOut } = layOutTable(shown, cells, terminal);
  return { headings, lines: cells.map(row), leftOut };
}

/** Says which columns are left out where the terminal is too narrow for all. */
export function drawLeftOut(leftOut: readonly string[], terminal: Capabilities): string[] {
  if (leftOut.length === 0 || terminal.width === null) return [];
  const text = `Not shown for want of width: ${leftOut.join(', ')}`;
  return wrap(text, terminal.width).map((line) => styled(line, 'dim', terminal));
}

/** What is to be said below a table, in whole. */
export function drawWarnings(warnings: readonly string[], terminal: Capabilities): string[] {
  return warnings
    .map((warning) => `warning: ${printable(warning)}`)
    .flatMap((line) => (terminal.width === null ? [line] : wrap(line, terminal.width)))
    .map((line) => styled(line, 'yellow', terminal));
}

/** The FTP server has done with a download, and the system still sends what is left of it. */
export function isSending({ status, unsent_bytes }: SessionRow): boolean {
  return status === 'IDLE' && unsent_bytes !== null;
}

function since({ started_at }: SessionRow, now: Date): string {
  return started_at === null ? unknown : formatMoment(new Date(started_at), now);
}

function progress(row: SessionRow, _now: Date, { hasBlocks }: Capabilities): string {
  const { status, percent, bytes_moved: moved } = row;
  if (isSending(row)) return `${formatBytes(row.unsent_bytes ?? 0)} left`;
  if (status === 'IDLE') return '';
  if (percent === null) return moved === null ? unknown : formatBytes(moved);
  return `${drawBar(percent, barLength, hasBlocks)} ${percent.toFixed(1).padStart(5)}%`;
}

function rate({ status, rate_bytes_per_second: bytes }: SessionRow): string {
  if (status === 'IDLE') return '';
  return bytes === null ? unknown : `${formatBytes(bytes)}/s`;
}
