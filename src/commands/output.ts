import { printableJson } from '../terminal/printable.ts';
import { drawPlainTable } from '../terminal/table.ts';

/** Prints one line about what was done on stderr, which leaves stdout to results. */
export function printNote(message: string): void {
  process.stderr.write(`uapid: ${message}\n`);
}

/**
 * Prints rows on stdout: on a terminal as a table under its headings, else as tab separated lines
 * without headings, for other programs.
 */
export function printRows(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = process.stdout.isTTY
    ? drawPlainTable(headings, rows)
    : rows.map((row) => row.join('\t'));
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

/** Prints a value on stdout as JSON, with nothing in it that a terminal may obey. */
export function printJson(value: unknown): void {
  process.stdout.write(`${printableJson(JSON.stringify(value, null, 2))}\n`);
}

/** Prints a value on stdout as one line of JSON, with nothing in it that a terminal may obey. */
export function printJsonLine(value: unknown): void {
  process.stdout.write(`${printableJson(JSON.stringify(value))}\n`);
}

/** Ends the process when the reader of stdout wants no more, as head(1), which is no failure. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
