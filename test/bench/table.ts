import { type Figure, isMet, type Result } from './result.ts';

const heading = ['measure', 'uapid', 'peer', 'value', 'target', 'met', 'note'];

/** The results as the lines of a Markdown table, aligned so that a terminal shows it well too. */
export function resultTable(results: readonly Result[]): string[] {
  const rows = results.map((result) => [
    result.measure,
    showFigure(result.ours),
    result.peer === null ? '' : `${result.peer.name}: ${showFigure(result.peer)}`,
    showNumber(result.value),
    `${result.target.bound === 'at most' ? '<=' : '>='} ${result.target.limit}`,
    isMet(result) ? 'yes' : 'no',
    result.note ?? '',
  ]);
  const lines = [heading, ...rows];
  const widths = heading.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)));
  const [first = '', ...rest] = lines.map(
    (line) => `| ${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`,
  );
  return [first, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rest];
}

function showFigure({ median, low, high, count, unit }: Figure): string {
  const spread = count > 1 ? ` (${showNumber(low)}–${showNumber(high)})` : '';
  return `${showNumber(median)} ${unit}${spread}`;
}

/** Three digits that tell; plain, so that a program reads it too. */
function showNumber(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : `${Number(value.toPrecision(3))}`;
}
