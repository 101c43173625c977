import * as z from 'zod';
import { hostName } from '../sessions/identity.ts';
import type { AuditEvent } from './audit-event.ts';

/*
 * What the worker may say to the audit log: what came in over the network, and nothing of what
 * commands change. The monitor writes the line, with its own time, and marks it.
 */

/** The most UTF-16 code units of a text that a line shows, and one, by which it shows that it was cut. */
const textLength = 129;

const text = z.string().max(textLength);
/** A value out of a list that the program has. */
const word = z.string().regex(/^[a-z-]{1,32}$/);
const who = { address: z.string().max(64).nullable(), account: text.nullable() };

/** An event as the worker tells it. */
export const claim = z.discriminatedUnion('event', [
  z.strictObject({ event: z.enum(['login', 'logout']), ...who, door: word }),
  z.strictObject({ event: z.literal('login-offered'), ...who, by: text }),
  z.strictObject({
    event: z.enum(['login-refused', 'access-refused']),
    ...who,
    door: word,
    scheme: word,
    reason: word,
  }),
  z.strictObject({
    event: z.literal('call-refused'),
    ...who,
    by: text,
    function: text,
    reason: word,
  }),
  z.strictObject({
    event: z.literal('session-ended'),
    ...who,
    by: text,
    host: z.string().regex(hostName),
    pid: z.int().min(1).nullable(),
    start: z
      .string()
      .regex(/^\w{1,32}$/)
      .nullable(),
    login: text.nullable(),
    outcome: word,
    via: z.string().regex(hostName).optional(),
  }),
]);
export type Claim = z.infer<typeof claim>;

/** An event cut to what its line can show; null for one that is not the worker's to tell. */
export function claimOf(event: AuditEvent): Claim | null {
  const cut = (value: unknown) => (typeof value === 'string' ? value.slice(0, textLength) : value);
  const short = Object.entries(event).map(([key, value]) => [key, cut(value)] as const);
  return claim.safeParse(Object.fromEntries(short)).data ?? null;
}
