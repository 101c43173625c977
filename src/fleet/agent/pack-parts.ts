import { maxParts } from '../messages/answer.ts';

/** What all parts of an answer begin with, and what the first one has beside. */
export interface PackedAnswer {
  readonly instance: string;
  /** JSON of the head, without the rows; null for an answer that has none. */
  readonly headJson: string | null;
  readonly key: 'sessions' | 'items';
  /** The JSON of each row. */
  readonly rows: readonly string[];
}

/**
 * An answer in parts of at most so many bytes each; null where it would be too many, or a row or the
 * head alone is too long.
 */
export function packParts(
  { instance, headJson, key, rows }: PackedAnswer,
  maxBytes: number,
): Buffer[] | null {
  const start = `{"v":1,"instance":${JSON.stringify(instance)},`;
  const parts: Buffer[] = [];
  let texts: string[] = [];
  const next = `${start}"${key}":[`;
  let opening = headJson === null ? next : `${start}"head":${headJson},"${key}":[`;
  let length = Buffer.byteLength(opening) + 2;

  function close(): void {
    parts.push(Buffer.from(`${opening}${texts.join(',')}]}`));
    texts = [];
    opening = next;
    length = opening.length + 2;
  }

  for (const row of rows) {
    const bytes = Buffer.byteLength(row) + 1;
    if (texts.length > 0 && length + bytes > maxBytes) close();
    texts.push(row);
    length += bytes;
  }
  close();
  const fits = parts.length <= maxParts && parts.every((part) => part.length <= maxBytes);
  return fits ? parts : null;
}
