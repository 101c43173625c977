import type { FileLine } from '../session-log/log-line.ts';
import { capabilitiesOf } from '../terminal/capabilities.ts';
import { fileLine, layOutHistory, type PastRow } from '../terminal/history-table.ts';
import { printableJson } from '../terminal/printable.ts';

/** A session that was, perhaps with its files. */
export type PastLine = PastRow & { readonly files?: readonly FileLine[] };

/** Where sessions that were go: those that are in the log already at once, later ones one by one. */
export interface HistoryOutput {
  first(lines: readonly PastLine[]): void;
  later(line: PastLine): void;
}

/** Their lines of the log, with nothing in them that a terminal may obey. */
export function createJsonOutput(): HistoryOutput {
  const format = (line: PastLine) => `${printableJson(JSON.stringify(line))}\n`;
  return {
    first: (lines) => void process.stdout.write(lines.map(format).join('')),
    later: (line) => void process.stdout.write(format(line)),
  };
}

export interface TableOptions {
  readonly isFollowed: boolean;
  /** Whether each session has its files below it. */
  readonly showsFiles: boolean;
  /** What stands in place of a table without rows. */
  readonly nothing?: string;
  readonly now: Date;
}

/** A table that fits the terminal. */
export function createTableOutput({
  isFollowed,
  showsFiles,
  nothing = 'No sessions.',
  now,
}: TableOptions): HistoryOutput {
  const terminal = capabilitiesOf(process.stdout, process.env);
  let table = layOutHistory([], now, terminal);
  return {
    first: (lines) => {
      table = layOutHistory(lines, now, terminal);
      const isEmpty = lines.length === 0 && !isFollowed;
      const [headings = '', ...rows] = table.lines;
      const withFiles = rows.flatMap((row, index) => [row, ...filesOf(lines[index])]);
      const shown = isEmpty ? [nothing] : [headings, ...withFiles];
      process.stdout.write(shown.map((line) => `${line}\n`).join(''));
    },
    later: (line) => {
      const shown = [table.row(line), ...filesOf(line)];
      process.stdout.write(shown.map((text) => `${text}\n`).join(''));
    },
  };

  function filesOf(line: PastLine | undefined): string[] {
    return showsFiles ? (line?.files ?? []).map((file) => fileLine(file, now)) : [];
  }
}
