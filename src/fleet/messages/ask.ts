import * as z from 'zod';
import { hostName } from '../../sessions/identity.ts';
import { maxScopeEntries } from '../../sessions/scope.ts';

/** What a gateway may ask of a host. */
export const verbs = ['list'] as const;

/** So many hosts share one signed message. */
export const maxHostsOfAsk = 64;
/** Bytes of the longest request: the most system users with names of 32 bytes, and more. */
export const maxAskBytes = 512 * 1024;

/** The name of a host or a gateway. */
export const memberName = z
  .string()
  .regex(hostName, 'is no name of a server: a to z, 0 to 9 and -');

/** Whose sessions are asked for: those of these system users of the host, or everybody's. */
const question = z.strictObject({
  users: z.array(z.string().min(1).max(256)).min(1).max(maxScopeEntries).readonly().nullable(),
  /** Whether what costs reads of its own is wanted of each session, too. */
  details: z.boolean(),
});
export type Question = z.infer<typeof question>;

/**
 * A request, as its gateway signs it. `list` counts once while its number is remembered; its answer
 * rests on a scan that begins when it arrives, so no clock matters.
 */
export const ask = z.strictObject({
  v: z.literal(1),
  verb: z.literal(verbs),
  /** The gateway that asks. */
  via: memberName,
  /** 128 random bits: no two requests have the same. */
  nonce: z.string().regex(/^[\w-]{22}$/),
  /** Milliseconds since the epoch, by the gateway's clock. */
  issuedAt: z.int().min(0).max(8.64e15),
  /** The hosts that it is meant for. */
  hosts: z.array(memberName).min(1).max(maxHostsOfAsk).readonly(),
  question,
});
export type Ask = z.infer<typeof ask>;

/** A text that two questions share when they are the same. */
export function questionKey({ users, details }: Question): string {
  return `${details ? 'details of ' : ''}${users === null ? 'everybody' : JSON.stringify(users)}`;
}
