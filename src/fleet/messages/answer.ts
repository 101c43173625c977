import * as z from 'zod';
import { maxTargets } from './ask.ts';
import { daemonRow, gapRow, sessionRow } from './session-row.ts';

/** So many messages at most make an answer: the messaging server lets a host send no more. */
export const maxParts = 64;
/** Bytes of one of them. */
export const maxPartBytes = 256 * 1024;

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
] as const;
export type Refusal = (typeof refusals)[number];

/** Differs between two machines, and between two runs of one. */
const instance = z.string().regex(/^[\w-]{22}$/);
const moment = z.int().min(0).max(8.64e15);
/** Of a whole list: two that are the same have the same. */
const digest = z.string().regex(/^[\w-]{43}$/);

const head = z.object({
  version: z.string().max(64),
  /** When the scan began, by the host's clock, in ms since the epoch. */
  begunAt: moment,
  /** How long the scan took. */
  scanMs: z.number().min(0).max(1e9),
  digest,
  gaps: z.array(gapRow).max(10_000).readonly(),
  daemons: z.array(daemonRow).max(1_000).readonly(),
});

/** What became of a session that was to be ended, or when none of its gateway's was found. */
const ended = z.object({
  pid: z.int(),
  startTime: z.string().max(32),
  outcome: z.enum(['ended', 'killed', 'remains', 'gone', 'denied']),
});
export type EndedRow = z.infer<typeof ended>;

/**
 * A part of an answer; the first has the head. `unchanged` says that all sessions, gaps and daemons are
 * as they were in the answer with that digest, which the request has named.
 */
export const answerPart = z.union([
  z.object({ v: z.literal(1), instance, refused: z.enum(refusals), now: moment }),
  z.object({ v: z.literal(1), instance, unchanged: digest, begunAt: moment, scanMs: z.number() }),
  z.object({ v: z.literal(1), instance, ended: z.array(ended).max(maxTargets).readonly() }),
  z.object({
    v: z.literal(1),
    instance,
    head: head.optional(),
    sessions: z.array(sessionRow).max(20_000).readonly(),
  }),
]);
export type AnswerHead = z.infer<typeof head>;
