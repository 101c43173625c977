import type { SessionLine } from '../session-log/log-line.ts';
import { capabilitiesOf } from '../terminal/capabilities.ts';
import { layOutHistory } from '../terminal/history-table.ts';
import { printableJson } from '../terminal/printable.ts';

/** Where sessions that were go: those that are in the log already at once, later ones one by one. */
export interface HistoryOutput {
  first(lines: readonly SessionLine[]): void;
  later(line: SessionLine): void;
}

/** Their lines of the log, with nothing in them that a terminal may obey. */
export function createJsonOutput(): HistoryOutput {
  const format = (line: SessionLine) => `${printableJson(JSON.stringify(line))}\n`;
  return {
    first: (lines) => void process.stdout.write(lines.map(format).join('')),
    later: (line) => void process.stdout.write(format(line)),
  };
}

/** A table that fits the terminal. */
export function createTableOutput(isFollowed: boolean, now: Date): HistoryOutput {
  const terminal = capabilitiesOf(process.stdout, process.env);
  let table = layOutHistory([], now, terminal);
  return {
    first: (lines) => {
      table = layOutHistory(lines, now, terminal);
      const isEmpty = lines.length === 0 && !isFollowed;
      const shown = isEmpty ? ['No sessions.'] : table.lines;
      process.stdout.write(shown.map((line) => `${line}\n`).join(''));
    },
    later: (line) => void process.stdout.write(`${table.row(line)}\n`),
  };
}
