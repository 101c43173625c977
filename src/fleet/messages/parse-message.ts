import type * as z from 'zod';

/** The value of a message of at most so many bytes; null for what is of no known form. */
export function parseMessage<T>(
  schema: z.ZodType<T>,
  bytes: Uint8Array,
  maxBytes: number,
): T | null {
  if (bytes.length > maxBytes) return null;
  try {
    return schema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}
