import * as z from 'zod';

/** Origins as browsers write them (RFC 6454, section 6.2), by commas in a text, or a list of texts. */
export const origins: z.ZodType<readonly string[]> = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',') : value),
  z
    .array(z.string().transform(readOrigin), 'must be an origin or a list of them')
    .min(1, 'must name an origin'),
);

/** The URL parser takes a semicolon for part of a name, and a header would end its value there. */
const originForm = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/;

/** Neither a path nor a wildcard, so that what is allowed is seen at a glance. */
function readOrigin(text: string, context: z.core.$RefinementCtx<string>): string {
  const given = text.trim().toLowerCase();
  const isOrigin = originForm.test(given) && originOf(given) === given;
  if (isOrigin) return given;
  context.addIssue(
    `${JSON.stringify(text)} is no origin, as https://panel.example: scheme, host, and a port that is not the scheme’s own`,
  );
  return z.NEVER;
}

function originOf(text: string): string | null {
  try {
    return new URL(text).origin;
  } catch {
    return null;
  }
}
