import type { Finding } from '../check/finding.ts';
import { printable } from '../terminal/printable.ts';
import { exitCodes } from './exit-codes.ts';
import { printJson } from './output.ts';

/** Prints findings, for programs or people; with something to mend the command has failed. */
export function printFindings(findings: readonly Finding[], asJson: boolean): void {
  if (asJson) printJson(findings);
  else process.stdout.write(drawFindings(findings));
  if (findings.some(({ state }) => state === 'mend')) process.exitCode = exitCodes.failed.code;
}

const marks = { ok: 'ok', note: 'note', mend: 'MEND' } as const;

/** A line each, the subjects under each other. */
function drawFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  return findings
    .map(
      ({ subject, state, text }) =>
        `${marks[state].padEnd(4)}  ${subject.padEnd(width)}  ${printable(text)}\n`,
    )
    .join('');
}
