import { randomUUID } from 'node:crypto';
import type { Result } from './envelope.ts';
import { memoized } from './memo.ts';

/** Stands for the rows in an envelope. No client's text holds it: it is made anew at each start. */
const place = `rows ${randomUUID()}`;

const placeJson = JSON.stringify(place);
const textOf = memoized((row: object) => JSON.stringify(row));

/**
 * The JSON of a result in its envelope. A row that many results share is made text once: of a long
 * list most rows are those of the last look. `envelope` may put the data where it likes, but not
 * change it.
 */
export function resultJson(result: Result, envelope: (result: Result) => unknown): string {
  const { data } = result;
  if (!Array.isArray(data)) return JSON.stringify(envelope(result));
  const [before, after, ...more] = JSON.stringify(envelope({ ...result, data: place })).split(
    placeJson,
  );
  if (after === undefined || more.length > 0) return JSON.stringify(envelope(result));
  return `${before}[${data.map(rowJson).join(',')}]${after}`;
}

function rowJson(row: unknown): string {
  return typeof row === 'object' && row !== null ? textOf(row) : JSON.stringify(row);
}
