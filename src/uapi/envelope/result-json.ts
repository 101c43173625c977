import { randomUUID } from 'node:crypto';
import { memoized } from '../../lib/memo.ts';
import type { Result } from './envelope.ts';

/** Stands for the rows in an envelope. No client's text holds it: it is made anew at each start. */
const place = `rows ${randomUUID()}`;

const placeJson = JSON.stringify(place);
const textOf = memoized((row: object) => JSON.stringify(row));

type Envelope = (result: Result) => unknown;

/** From here on a body goes out as bytes that are ready; a shorter one in one write with its head. */
const longBody = 16 * 1024;

/** Lists of so many rows are put together from bytes of their own, which take more room than texts. */
const manyRows = 64;

const encoder = new TextEncoder();

/** With the comma before it. In memory of its own: Node's pool would be kept whole for one that stays. */
const bytesOf = memoized((row: object) => encoder.encode(`,${JSON.stringify(row)}`));

/**
 * The JSON of a result in its envelope. A row that many results share is made text once: of a long
 * list most rows are those of the last look. `envelope` may put the data where it likes, but not
 * change it.
 */
function resultJson(result: Result, envelope: Envelope): string {
  const { data } = result;
  const around = Array.isArray(data) ? aroundRows(result, envelope) : null;
  if (around === null) return JSON.stringify(envelope(result));
  return `${around.before}[${rowsJson(data as unknown[])}]${around.after}`;
}

/**
 * The same, as the body of an answer: bytes when it is long. Of many rows each is made bytes once. One
 * text of all of them is a large object to the engine, and takes four times as long.
 */
export function resultBody(result: Result, envelope: Envelope): string | Buffer {
  const { data } = result;
  const around =
    Array.isArray(data) && data.length > manyRows && data.every(isObject)
      ? aroundRows(result, envelope)
      : null;
  if (around === null) {
    const json = resultJson(result, envelope);
    return json.length < longBody ? json : Buffer.from(json);
  }
  const rows = data as readonly object[];
  const parts: Uint8Array[] = [encoder.encode(`${around.before}[`)];
  for (const [index, row] of rows.entries()) {
    const bytes = bytesOf(row);
    parts.push(index === 0 ? bytes.subarray(1) : bytes);
  }
  parts.push(encoder.encode(`]${around.after}`));
  return Buffer.concat(parts);
}

/** What stands before and behind the data of a result; null where that cannot be told. */
function aroundRows(result: Result, envelope: Envelope) {
  const json = JSON.stringify(envelope({ ...result, data: place }));
  const [before, after, ...more] = json.split(placeJson);
  return before === undefined || after === undefined || more.length > 0 ? null : { before, after };
}

function rowsJson(rows: readonly unknown[]): string {
  return rows.map((row) => (isObject(row) ? textOf(row) : JSON.stringify(row))).join(',');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
