import { isIP } from 'node:net';
import * as z from 'zod';
import { maxFileTextLength, maxFromLength, maxSessionNameLength } from '../../sessions/history.ts';
import { hostName } from '../../sessions/identity.ts';
import { isLoginPattern, maxScopeEntries } from '../../sessions/scope.ts';

/** What a gateway may ask of a host. */
export const verbs = ['list', 'end', 'history', 'accounts'] as const;

/** So many hosts share one signed message. */
export const maxHostsOfAsk = 64;
/** Bytes of the longest request: the most system users with names of 32 bytes, and more. */
export const maxAskBytes = 512 * 1024;

/** The name of a host or a gateway. */
export const memberName = z
  .string()
  .regex(hostName, 'is no name of a server: a to z, 0 to 9 and -');

/** These system users of the host, or everybody. */
const users = z.array(z.string().min(1).max(256)).min(1).max(maxScopeEntries).readonly().nullable();

/** Whose sessions are asked for. */
const question = z.strictObject({
  users,
  /** Whether what costs reads of its own is wanted of each session, too. */
  details: z.boolean(),
  /** Their numbers alone; a host that is older refuses that as malformed. */
  counts: z.literal(true).optional(),
});
export type Question = z.infer<typeof question>;

/** What every request says of itself. */
const envelope = {
  v: z.literal(1),
  /** The gateway that asks. */
  via: memberName,
  /** 128 random bits: no two requests have the same. */
  nonce: z.string().regex(/^[\w-]{22}$/),
  /** Milliseconds since the epoch, by the gateway's clock. */
  issuedAt: z.int().min(0).max(8.64e15),
  /** The hosts that it is meant for. */
  hosts: z.array(memberName).min(1).max(maxHostsOfAsk).readonly(),
};

/**
 * Counts once while its number is remembered; its answer rests on a scan that begins when it arrives, so no
 * clock matters but to tell what is long over.
 */
const listAsk = z.strictObject({ ...envelope, verb: z.literal('list'), question });
export type ListAsk = z.infer<typeof listAsk>;

/**
 * A question counts so long before and after it was issued, in ms, by the host's clock: clocks may be far off,
 * and what somebody has kept is no use later, nor after a start, which forgets what has come.
 */
export const questionValidMs = 3_600_000;

/** So many sessions are ended by one request. */
export const maxTargets = 1_000;
/** A request to end counts no longer than this after it was issued, in ms. */
export const endValidMs = 10_000;

/** A process on the host that is asked; no start time of any process table is longer. */
const target = z.strictObject({
  pid: z
    .int()
    .min(1)
    .max(2 ** 31 - 1),
  startTime: z.string().regex(/^\w{1,32}$/),
});

const accountName = z.string().min(1).max(256);

/** Ends sessions of one host: once, soon, and none but those of the system users that it names. */
const endAsk = z.strictObject({
  ...envelope,
  verb: z.literal('end'),
  hosts: z.array(memberName).length(1).readonly(),
  validMs: z.int().min(1).max(endValidMs),
  /** The gateway's account whose sessions they are to be, and the one whose credentials came with the call. */
  account: accountName,
  by: accountName,
  /** The address of whoever called. */
  address: z
    .string()
    .max(64)
    .refine((text) => isIP(text) !== 0)
    .nullable(),
  users,
  targets: z.array(target).min(1).max(maxTargets).readonly(),
});
export type EndAsk = z.infer<typeof endAsk>;

const moment = z.int().min(-8.64e15).max(8.64e15).nullable();
const loginPattern = z.string().refine(isLoginPattern).nullable();

/** Which of the sessions that were are wanted (src/sessions/history.ts), of these system users. */
const pastQuestion = z.strictObject({
  users,
  login: loginPattern,
  /** The host takes nothing but an address or a range. */
  from: z.string().min(1).max(maxFromLength).nullable(),
  since: moment,
  until: moment,
  file: z.string().min(1).max(maxFileTextLength).nullable(),
  session: z.string().min(1).max(maxSessionNameLength).nullable(),
  files: z.boolean(),
});
export type PastQuestion = z.infer<typeof pastQuestion>;

/** Reads the session log of a host. */
const historyAsk = z.strictObject({
  ...envelope,
  verb: z.literal('history'),
  question: pastQuestion,
});

/** Reads the FTP accounts of a host. */
const accountsAsk = z.strictObject({
  ...envelope,
  verb: z.literal('accounts'),
  question: z.strictObject({ users }),
});
/** What is answered item by item. */
export type ItemsAsk = z.infer<typeof historyAsk> | z.infer<typeof accountsAsk>;

/** A request, as its gateway signs it. */
export const ask = z.discriminatedUnion('verb', [listAsk, endAsk, historyAsk, accountsAsk]);
export type Ask = z.infer<typeof ask>;

/** A text that two questions share when they are the same. */
export function questionKey({ users, details, counts }: Question): string {
  const what = `${counts ? 'counts of ' : ''}${details ? 'details of ' : ''}`;
  return `${what}${users === null ? 'everybody' : JSON.stringify(users)}`;
}
