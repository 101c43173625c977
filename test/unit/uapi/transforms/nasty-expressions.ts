import { ApiError } from '../../../../src/uapi/call/api-error.ts';
import { isWholeRun } from '../../../support/extent.ts';
import { apply } from './apply.ts';

/**
 * A script: prints for each expression, as a line of JSON, how many milliseconds a filter takes on
 * a list and on one twice as long, of up to 1 MB. matches.test.ts runs and judges it.
 */
const expressions = [
  '(a+)+$',
  '(a|a)*b',
  '(a|ab)*c',
  '.*.*.*=',
  '(.*)(.*)(.*)(.*)[xy]=',
  '(x+x+)+y',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '(a?){20}a{20}[cd]',
  'a[ab]{12}[cd]',
  'a[ab]{40}[cd]',
  'a\\pL{40}[cd]',
  '(?i)a\\pL{18}[cd]',
  '\\b.*a.{20}\\b[cd]',
  '((((a*)*)*)*)*[cd]',
];

/** Half a MB of a and b without order: what makes most states, and no expression ends early. */
function randomText(): string {
  let seed = 1;
  return Array.from({ length: 2 ** 19 }, () => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed > 2 ** 30 ? 'a' : 'b';
  }).join('');
}

function rowsOf(text: string, length: number): { text: string }[] {
  return Array.from({ length: text.length / length }, (_, index) => ({
    text: text.slice(index * length, (index + 1) * length),
  }));
}

/**
 * Milliseconds of this process' own work, the best of `rounds`: on a busy machine all others are too
 * long. A refusal for size is an answer too.
 */
function milliseconds(rows: { text: string }[], expression: string, rounds: number): number {
  return Math.round(Math.min(...Array.from({ length: rounds }, () => timeOnce(rows, expression))));
}

function timeOnce(rows: { text: string }[], expression: string): number {
  const begun = process.cpuUsage();
  try {
    apply(rows, {
      'api.filter_column': 'text',
      'api.filter_type': 'matches',
      'api.filter_term': expression,
    });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
}

/** What another costly expression takes is the unit: a busy machine makes both slower. */
const unitExpression = 'a[ab]{12}[cd]';

/** Milliseconds by the kind of the list, measured once for all expressions on as many bytes of the same. */
const units = new Map<string, number>();

function unitOf(rows: { text: string }[], kind: string): number {
  const known = units.get(kind) ?? milliseconds(rows, unitExpression, 1);
  units.set(kind, known);
  return known;
}

/**
 * The lengths of a row, each with the length of the half and the texts. What is more than linear in
 * the number of rows needs many of them to show; what is so in the length of a text shows by far
 * on a shorter one.
 */
const cases = [
  { row: 64, halfLength: 2 ** 19, letters: [randomText()] },
  { row: 1024, halfLength: 2 ** 17, letters: [randomText(), 'a'.repeat(2 ** 19)] },
  {
    row: Number.POSITIVE_INFINITY,
    halfLength: 2 ** 16,
    letters: [randomText(), 'a'.repeat(2 ** 19)],
  },
];

/** What takes a second for a MB each; the worst of them, which is not among these, is tried on as much. */
const costly = new Set([
  'a[ab]{12}[cd]',
  'a\\pL{40}[cd]',
  '(?i)a\\pL{18}[cd]',
  '\\b.*a.{20}\\b[cd]',
]);

for (const expression of expressions) {
  for (const { row, halfLength: ofAll, letters } of cases) {
    const halfLength = costly.has(expression) && !isWholeRun ? Math.min(ofAll, 2 ** 18) : ofAll;
    for (const [index, all] of letters.entries()) {
      const text = all.slice(0, halfLength);
      const halfRows = rowsOf(text, Math.min(row, halfLength));
      const wholeRows = rowsOf(text + text, Math.min(row, 2 * halfLength));
      let half = milliseconds(halfRows, expression, 1);
      let whole = milliseconds(wholeRows, expression, 1);
      // What looks more than linear is looked at again: an answer of chance does not come five times.
      if (whole > 2.5 * half) {
        half = Math.min(half, milliseconds(halfRows, expression, 4));
        whole = Math.min(whole, milliseconds(wholeRows, expression, 4));
      }
      const [rows, bytes] = [wholeRows.length, 2 * halfLength];
      const unit = whole < 750 ? 0 : unitOf(wholeRows, `${row} ${bytes} ${index}`);
      process.stdout.write(`${JSON.stringify({ expression, rows, bytes, half, whole, unit })}\n`);
    }
  }
}
