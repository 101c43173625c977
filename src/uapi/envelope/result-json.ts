import { randomUUID } from 'node:crypto';
import type { Result } from './envelope.ts';

/** Stands for the rows in an envelope. No client's text holds it: it is made anew at each start. */
const place = `rows ${randomUUID()}`;

const placeJson = JSON.stringify(place);

/** Puts a result in the envelope of a door. It may put the data where it likes, but not change it. */
export type Envelope = (result: Result) => unknown;

/** From here on a body goes out as bytes that are ready; a shorter one in one write with its head. */
const longBody = 16 * 1024;

/** Lists of so many rows are put together from bytes of their own, which take more room than texts. */
const manyRows = 64;

const encoder = new TextEncoder();

/** A row's JSON with the comma before it. In memory of its own: Node's pool would be kept whole for one that stays. */
export function encodeRow(row: object): Uint8Array {
  return encoder.encode(`,${JSON.stringify(row)}`);
}

/**
 * The JSON of a result in its envelope, as the body of an answer: bytes when it is long. Of many rows
 * each is made bytes by itself, and where `rowsJson` keeps those they are not made again: of a long
 * list most rows are those of the last scan. One text of all of them is a large object to the engine,
 * and takes four times as long.
 */
export function resultBody(
  result: Result,
  envelope: Envelope,
  rowsJson?: () => readonly Uint8Array[],
): string | Buffer {
  const { data } = result;
  const around =
    Array.isArray(data) && data.length > manyRows && data.every(isObject)
      ? aroundRows(result, envelope)
      : null;
  if (around === null) {
    const json = JSON.stringify(envelope(result));
    return json.length < longBody ? json : Buffer.from(json);
  }
  const rows = rowsJson?.() ?? (data as readonly object[]).map(encodeRow);
  const parts: Uint8Array[] = [encoder.encode(`${around.before}[`)];
  for (const [index, bytes] of rows.entries()) parts.push(index === 0 ? bytes.subarray(1) : bytes);
  parts.push(encoder.encode(`]${around.after}`));
  return Buffer.concat(parts);
}

/** What stands before and behind the data of a result; null where that cannot be told. */
function aroundRows(result: Result, envelope: Envelope) {
  const json = JSON.stringify(envelope({ ...result, data: place }));
  const [before, after, ...more] = json.split(placeJson);
  return before === undefined || after === undefined || more.length > 0 ? null : { before, after };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
