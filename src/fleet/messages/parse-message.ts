import type * as z from 'zod';

/**
 * The value of a message of at most so many bytes; null for what is of no known form. `schema` may be
 * chosen by the value.
 */
export function parseMessage<T>(
  schema: z.ZodType<T> | ((value: unknown) => z.ZodType<T>),
  bytes: Uint8Array,
  maxBytes: number,
): T | null {
  if (bytes.length > maxBytes) return null;
  try {
    const { buffer, byteOffset, byteLength } = bytes;
    const text = Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
    const value: unknown = JSON.parse(text);
    const form = typeof schema === 'function' ? schema(value) : schema;
    return form.safeParse(value).data ?? null;
  } catch {
    return null;
  }
}
