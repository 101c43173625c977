import type { Counts } from './reporter.ts';
import type { FileResult } from './run-file.ts';

/** How many of the slowest files the summary names. */
const slowestCount = 15;

/** A file's line, and below it what it printed when that is wanted or the file failed. */
export function fileBlock(result: FileResult, withOutput: boolean): string {
  const { counts, passed, output } = result;
  const left = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
  const line = `${passed ? '✔' : '✖'} ${nameOf(result)} (${counts.tests} tests${left}, ${times(result)})\n`;
  return withOutput || !passed ? `${line}${indented(output)}` : line;
}

/** The slowest files, every failure again, and the totals in the form of Node.js. */
export function summary(results: readonly FileResult[], wallSeconds: number): string {
  const slowest = [...results]
    .sort((one, other) => other.wallSeconds - one.wallSeconds)
    .slice(0, slowestCount)
    .map((result) => `  ${times(result)}  ${nameOf(result)}\n`);
  const failed = results.filter(({ passed }) => !passed);
  const total = (key: keyof Counts) => results.reduce((sum, { counts }) => sum + counts[key], 0);
  const brokenFiles = failed.filter(({ counts }) => counts.fail + counts.cancelled === 0).length;
  const cpuSeconds = results.reduce((sum, result) => sum + result.cpuSeconds, 0);
  return [
    results.length > 1 ? `\nThe slowest files:\n${slowest.join('')}` : '',
    ...failed.map((result) => `\n✖ ${nameOf(result)}${result.failures}`),
    `\nℹ files ${results.length}\n`,
    `ℹ tests ${total('tests')}\n`,
    `ℹ suites ${total('suites')}\n`,
    `ℹ pass ${total('pass')}\n`,
    `ℹ fail ${total('fail') + brokenFiles}\n`,
    `ℹ cancelled ${total('cancelled')}\n`,
    `ℹ skipped ${total('skipped')}\n`,
    `ℹ todo ${total('todo')}\n`,
    `ℹ duration_ms ${Math.round(wallSeconds * 1_000)}\n`,
    `ℹ cpu_ms ${Math.round(cpuSeconds * 1_000)}\n`,
  ].join('');
}

function times({ wallSeconds, cpuSeconds }: FileResult): string {
  return `${wallSeconds.toFixed(1)} s, CPU ${cpuSeconds.toFixed(1)} s`;
}

function nameOf({ file, node }: FileResult): string {
  return `${file.replace(/\.test\.js$/, '')}${node === undefined ? '' : ' on the second Node.js'}`;
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
