import { drawPlainTable } from '../../src/terminal/table.ts';

/** One row of the answer of Ftp::list_sessions. */
export interface SessionRow {
  readonly cmdline: string;
  readonly file: string;
  readonly host: string;
  readonly login: string;
  readonly pid: number;
  readonly status: string;
  readonly user: string;
}

const columns = ['pid', 'user', 'host', 'status', 'login', 'file', 'cmdline'] as const;

/**
 * The sessions as the lines of a table, with the warnings below. File and user names come from FTP
 * clients: what a terminal could take for a command is shown as a question mark.
 */
export function sessionTable(
  rows: readonly SessionRow[],
  warnings: readonly string[] | null,
): string[] {
  const notes = (warnings ?? []).map((warning) => `Warning: ${printable(warning)}`);
  if (rows.length === 0) {
    return ['No sessions.', ...notes];
  }
  const headings = columns.map((column) => column.toUpperCase());
  const cells = rows.map((row) => columns.map((column) => printable(`${row[column]}`)));
  const lines = drawPlainTable(headings, cells);
  return [...lines, ...notes];
}

function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?');
}

/** Lines for a terminal of that width: what is no row of a table goes on below, since its end matters, too. */
export function foldSentences(lines: readonly string[], width: number): string[] {
  return lines.flatMap((line) => {
    if (line.length <= width || !line.endsWith('.')) return [line.slice(0, width)];
    const folded = [''];
    for (const word of line.split(' ')) {
      const last = folded.at(-1) ?? '';
      const longer = last === '' ? word : `${last} ${word}`;
      if (longer.length <= width) folded[folded.length - 1] = longer;
      else folded.push(word.slice(0, width));
    }
    return folded;
  });
}
