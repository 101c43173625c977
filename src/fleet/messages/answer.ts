import * as z from 'zod';
import { maxTargets } from './ask.ts';
import { item } from './item.ts';
import { parseMessage } from './parse-message.ts';
import { areSessionRows, daemonRow, gapRow, type SessionRow } from './session-row.ts';

/** So many messages at most make an answer: the messaging server lets a host send no more. */
export const maxParts = 64;
/** Bytes of one of them. */
export const maxPartBytes = 256 * 1024;
/** Bytes of all of them. */
export const maxAnswerBytes = maxParts * maxPartBytes;

/** Why a host does not answer a request. */
export const refusals = [
  'signature',
  'gateway-unknown',
  'replayed',
  'not-for-me',
  'unknown-verb',
  'not-allowed',
  'expired',
  'starting',
  'malformed',
  'failed',
  'too-large',
  'needs-room',
  'busy',
  'no-address',
  'history-off',
  'history-unread',
  'history-slow',
  'history-busy',
] as const;
export type Refusal = (typeof refusals)[number];

/** Differs between two machines, and between two runs of one. */
const instance = z.string().regex(/^[\w-]{22}$/);
const moment = z.int().min(0).max(8.64e15);
/** Of a whole list: two that are the same have the same. */
const digest = z.string().regex(/^[\w-]{43}$/);

/** No system has more processes. */
const count = z
  .int()
  .min(0)
  .max(2 ** 22);

const head = z.object({
  version: z.string().regex(/^[\w.+~-]{1,64}$/),
  /** When the scan began, by the host's clock, in ms since the epoch. */
  begunAt: moment,
  /** How long the scan took. */
  scanMs: z.number().min(0).max(1e9),
  digest,
  gaps: z.array(gapRow).max(5_000).readonly(),
  daemons: z.array(daemonRow).max(1_000).readonly(),
  /** Where they alone were asked for: then there are no rows. */
  counts: z.object({ sessions: count, downloads: count, uploads: count }).optional(),
});

/** What became of a session that was to be ended, or when none of its gateway's was found. */
const ended = z.object({
  pid: z.int(),
  startTime: z.string().max(32),
  outcome: z.enum(['ended', 'killed', 'remains', 'gone', 'denied']),
});
export type EndedRow = z.infer<typeof ended>;

const common = { v: z.literal(1), instance };
const rows = z.object({
  ...common,
  head: head.optional(),
  sessions: z.custom<readonly SessionRow[]>(
    (value) => Array.isArray(value) && value.length <= 20_000 && areSessionRows(value),
  ),
});
/** By a key that no other form has: thousands come at once, and a union tries each form in turn. */
const forms = {
  refused: z.object({
    ...common,
    refused: z.enum(refusals),
    now: moment,
    /** `needs-room`: how many bytes the answer has. */
    bytes: z.int().min(1).max(maxAnswerBytes).optional(),
  }),
  unchanged: z.object({ ...common, unchanged: digest, begunAt: moment, scanMs: z.number() }),
  items: z.object({ ...common, items: z.array(item).max(5_000).readonly() }),
  ended: z.object({ ...common, ended: z.array(ended).max(maxTargets).readonly() }),
} as const;
const entries = Object.entries(forms);

/**
 * A part of an answer; the first has the head. `unchanged` says that all sessions, gaps and daemons are
 * as they were in the answer with that digest, which the request has named.
 */
export type AnswerPart = z.infer<typeof rows | (typeof forms)[keyof typeof forms]>;
export type AnswerHead = z.infer<typeof head>;

/** Null for what is no part of an answer. */
export function parseAnswerPart(bytes: Uint8Array): AnswerPart | null {
  return parseMessage(formOf, bytes, maxPartBytes);
}

function formOf(value: unknown): z.ZodType<AnswerPart> {
  if (typeof value !== 'object' || value === null) return rows;
  for (const [key, form] of entries) if (key in value) return form;
  return rows;
}
