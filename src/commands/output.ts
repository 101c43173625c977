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

/**
 * Prints a secret on stdout, this once. Rejects with `lost`, which says what to do, and the reason when
 * it cannot be written, so that no command ends well whose secret nobody has seen. A pipe takes what
 * fits into it whether it is read or not, and nothing can tell.
 */
export async function printSecret(
  secret: string,
  lost: (reason: string) => string | Promise<string>,
): Promise<void> {
  const error = await new Promise<Error | null | undefined>((resolve) => {
    process.stdout.write(`${secret}\n`, resolve);
  });
  if (error != null) throw new Error(await lost(error.message));
}

/**
 * Ends the process when stdout cannot be written any more: for what prints without an end. That its
 * reader wants no more, as head(1), is no failure.
 */
export function endWithReader(): void {
  process.stdout.on('error', () => process.exit());
}

/**
 * Lets the program go on to its end when its output cannot be written: a command whose reader wants no
 * more, as head(1), has still to do its work. Any other fault is told at the end with a sentence to
 * `onFault`, which returns the exit code unless the command has one. Called again it replaces that.
 */
export function outliveOutput(onFault: (message: string) => number): void {
  process.stdout.off('error', keepFault);
  process.stderr.off('error', ignore);
  process.off('exit', tellFault);
  tell = onFault;
  fault = undefined;
  process.stdout.on('error', keepFault);
  // There is nowhere left to say so.
  process.stderr.on('error', ignore);
  process.on('exit', tellFault);
}

let tell: ((message: string) => number) | undefined;
let fault: string | undefined;

function keepFault(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') fault ??= `the output cannot be written: ${error.message}`;
}

function tellFault(code: number): void {
  if (fault !== undefined && code === 0) process.exitCode = tell?.(fault);
}

function ignore(): void {}
