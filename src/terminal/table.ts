import { type Capabilities, plain, type Style, styled } from './capabilities.ts';
import { cut, pad, widthOf } from './printable.ts';

export interface Cell {
  /** Printable. */
  readonly text: string;
  readonly style: Style | null;
}

export interface Column {
  readonly heading: string;
  readonly align: 'left' | 'right';
  /** Which end of a text goes where there is no room for it. */
  readonly cut: 'end' | 'start';
  /** It is not made narrower than this, but rather left out. */
  readonly minWidth: number;
  /** The columns of the highest rank are left out first. The rightmost are made narrower first. */
  readonly rank: number;
}

const gap = '  ';

/** The lines of a table under its headings; one cell a column in each row. */
export function drawTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  terminal: Capabilities,
): string[] {
  const { headings, row } = layOutTable(columns, rows, terminal);
  return [headings, ...rows.map(row)];
}

/**
 * A table whose rows come one after the other; it has room for the widest cells of `rows`. `leftOut` has
 * the headings of columns that the terminal has no room for.
 */
export function layOutTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  terminal: Capabilities,
) {
  const widest = columns.map(({ heading }) => widthOf(heading));
  for (const row of rows) {
    for (const [index, { text }] of row.entries()) {
      widest[index] = Math.max(widest[index] ?? 0, widthOf(text));
    }
  }
  const widths = fitted(columns, widest, terminal.width);
  const headings = columns.map(({ heading }): Cell => ({ text: heading, style: 'bold' }));
  const row = (cells: readonly Cell[]) => drawRow(columns, cells, widths, terminal);
  const leftOut = columns.filter((_, index) => widths[index] === null);
  return { headings: row(headings), row, leftOut: leftOut.map(({ heading }) => heading) };
}

/** The same of printable texts alone, without styles. Nothing is cut: it may be copied into commands. */
export function drawPlainTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const columns = headings.map((heading, rank): Column => {
    return { heading, align: 'left', cut: 'end', minWidth: 0, rank };
  });
  const cells = rows.map((row) => row.map((text): Cell => ({ text, style: null })));
  return drawTable(columns, cells, plain);
}

function drawRow(
  columns: readonly Column[],
  row: readonly Cell[],
  widths: readonly (number | null)[],
  terminal: Capabilities,
): string {
  const mark = terminal.hasBlocks ? '…' : '~';
  const last = widths.findLastIndex((width) => width !== null);
  const cells = columns.flatMap((column, index) => {
    const width = widths[index] ?? null;
    const { text, style } = row[index] ?? { text: '', style: null };
    if (width === null) return [];
    const shown = cut(text, width, column.cut, mark);
    const isOpen = index === last && column.align === 'left';
    const filled = isOpen ? shown : pad(shown, width, column.align);
    // Spaces are not styled, so that no line ends in some that are.
    return [filled.replace(shown, () => styled(shown, style, terminal))];
  });
  return cells.join(gap).trimEnd();
}

/** The width of each column in so many columns of the terminal; null for one that is left out. */
function fitted(
  columns: readonly Column[],
  widest: readonly number[],
  width: number | null,
): (number | null)[] {
  const widths: (number | null)[] = [...widest];
  if (width === null) return widths;
  const byRank = columns
    .map(({ rank }, index) => ({ rank, index }))
    .sort((a, b) => b.rank - a.rank);
  const excess = () => totalOf(widths) - width;
  const minWidthOf = (index: number) => Math.min(columns[index]?.minWidth ?? 0, widest[index] ?? 0);
  for (const { index } of byRank.slice(0, -1)) {
    const minWidth = columns.map((_, each) => (widths[each] === null ? null : minWidthOf(each)));
    if (totalOf(minWidth) <= width) break;
    widths[index] = null;
  }
  for (let index = widths.length - 1; index >= 0; index -= 1) {
    const now = widths[index];
    if (now == null || excess() <= 0) continue;
    widths[index] = Math.max(minWidthOf(index), now - excess());
  }
  return widths;
}

function totalOf(widths: readonly (number | null)[]): number {
  const shown = widths.filter((width) => width !== null);
  return shown.reduce((sum, width) => sum + width, 0) + gap.length * Math.max(0, shown.length - 1);
}
