import { ApiError } from '../../../../src/uapi/call/api-error.ts';
import { apply } from './apply.ts';

/**
 * A script: prints for each expression, as a line of JSON, how many milliseconds a filter takes on
 * half a MB and on one MB of text. matches.test.ts runs and judges it.
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

const texts = [randomText(), 'a'.repeat(2 ** 19)];
for (const expression of expressions) {
  for (const row of [64, 1024, 2 ** 19]) {
    for (const text of row === 64 ? texts.slice(0, 1) : texts) {
      const halfRows = rowsOf(text, row);
      const wholeRows = rowsOf(text + text, row === 2 ** 19 ? 2 ** 20 : row);
      let half = milliseconds(halfRows, expression, 1);
      let whole = milliseconds(wholeRows, expression, 1);
      // What looks more than linear is looked at again: an answer of chance does not come five times.
      if (whole > 2.5 * half) {
        half = Math.min(half, milliseconds(halfRows, expression, 4));
        whole = Math.min(whole, milliseconds(wholeRows, expression, 4));
      }
      process.stdout.write(`${JSON.stringify({ expression, row, half, whole })}\n`);
    }
  }
}
