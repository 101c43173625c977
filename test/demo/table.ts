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
