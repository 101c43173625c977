import { randomUUID } from 'node:crypto';
import type { Result } from './envelope.ts';
import { memoized } from './memo.ts';

/** Stands for the rows in an envelope. No client's text holds it: it is made anew at each start. */
const place = `rows ${randomUUID()}`;

const placeJson = JSON.stringify(place);
const textOf = memoized((row: object) => JSON.stringify(row));

type Envelope = (result: Result) => unknown;

/** From here on a body goes out as bytes that are ready; a shorter one in one write with its head. */
const longBody = 16 * 1024;

/**
 * So many rows become bytes at a time. The text of a thousand is a large object to the engine, and
 * making it takes several times as long as making its parts.
 */
const rowsAtATime = 64;

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

/** The same, as the body of an answer: bytes when it is long. */
export function resultBody(result: Result, envelope: Envelope): string | Buffer {
  const { data } = result;
  if (!Array.isArray(data) || data.length <= rowsAtATime) {
    const json = resultJson(result, envelope);
    return json.length < longBody ? json : Buffer.from(json);
  }
  const around = aroundRows(result, envelope);
  if (around === null) return Buffer.from(JSON.stringify(envelope(result)));
  const parts = [Buffer.from(`${around.before}[`)];
  for (let from = 0; from < data.length; from += rowsAtATime) {
    const comma = from === 0 ? '' : ',';
    parts.push(Buffer.from(comma + rowsJson(data.slice(from, from + rowsAtATime))));
  }
  parts.push(Buffer.from(`]${around.after}`));
  return Buffer.concat(parts);
}

/** What stands before and behind the data of a result; null where that cannot be told. */
function aroundRows(result: Result, envelope: Envelope) {
  const json = JSON.stringify(envelope({ ...result, data: place }));
  const [before, after, ...more] = json.split(placeJson);
  return before === undefined || after === undefined || more.length > 0 ? null : { before, after };
}

function rowsJson(rows: readonly unknown[]): string {
  return rows.map(rowJson).join(',');
}

function rowJson(row: unknown): string {
  return typeof row === 'object' && row !== null ? textOf(row) : JSON.stringify(row);
}
