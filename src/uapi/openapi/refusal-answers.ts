import type * as z from 'zod';

/** What the OpenAPI document says of answers that come before anybody's credentials are looked at. */
export function refusalAnswers(schema: z.ZodType) {
  return {
    429: schema.describe('Too many failed attempts. Retry-After tells when to come again.'),
    503: schema.describe('Too much to do at the moment. Retry-After tells when to come again.'),
  };
}
