import { setTimeout as delay } from 'node:timers/promises';
import { ScopeTooLargeError } from '../../sessions/scope.ts';
import { maxAnswerBytes } from '../messages/answer.ts';
import { questionKey } from '../messages/ask.ts';
import { encodeFrame } from '../signature/signed-frame.ts';
import type { AskOptions, GatewayTransport } from '../transport/transport.ts';
import { pauseBeforeAgain } from './busy-pause.ts';
import type { CloneWatch } from './clones.ts';
import type { HostRecord, HostRecords } from './host-records.ts';
import type { KnownAnswers } from './known-answers.ts';
import { type HostOutcome, outcomeOfRefusal, outcomeWithout } from './outcome.ts';
import { parseParts } from './parse-parts.ts';
import {
  type HostAnswer,
  instanceOf,
  type ReadAnswer,
  readAnswer,
  readParts,
} from './read-answer.ts';
import { type HostQuestion, type SignedGroup, type Signer, signGroups } from './sign-groups.ts';
import { minWaitMs, startWait } from './wait.ts';
import { createWindow, type Seat } from './window.ts';

export interface FanOutLimits {
  /** All hosts have to answer within it. */
  readonly deadlineMs: number;
  /** Those that were silent last time are waited for so long. */
  readonly suspectMs: number;
  /** One that has not answered within it leaves the window, so that others are asked. */
  readonly windowMs: number;
  readonly maxHosts: number;
  readonly maxBytes: number;
}

export const defaultLimits: FanOutLimits = {
  deadlineMs: 2_000,
  suspectMs: 300,
  windowMs: 250,
  maxHosts: 200,
  maxBytes: 16 * 1024 * 1024,
};

/**
 * The messaging server cuts a gateway off for which it has to hold more than 64 MB (`max_pending`). So a
 * host is told how much it may answer, half as much again as the window keeps free for it; one that has
 * more says how much, and is asked again when there is room for that.
 */
const roomFactor = 1.5;
/** So often a host is asked again for it has more than it said. */
const maxSizes = 3;
/**
 * What hosts that have left the window, as they did not answer, may still bring; the last of them may go beyond it by
 * a whole answer. With `roomFactor` and the window that makes 58 MB, below the server's 64.
 */
const maxOverdueBytes = 12 * 1024 * 1024;

export interface FanOutParts {
  /** The name of this gateway. */
  readonly gateway: string;
  readonly transport: GatewayTransport;
  readonly sign: Signer;
  readonly known: KnownAnswers;
  readonly records: HostRecords;
  readonly clones: CloneWatch;
  /** So many hosts share one signed message; 1 where a host could carry it to another one. */
  readonly hostsPerMessage?: number | undefined;
  readonly limits?: FanOutLimits;
}

/**
 * Asks hosts, each its question; the outcome of each, as soon as it is there. Never rejects. Once they have told more
 * than `maxRows` sessions no other is asked.
 */
export type FanOut = (
  questions: readonly HostQuestion[],
  maxRows?: number,
) => Map<HostQuestion, Promise<HostOutcome>>;

/**
 * Asks each host by a message of its own, never by a broadcast, so that each that does not answer is known
 * by name; so many at a time, under one deadline. One that is too old to tell numbers alone is asked for its
 * sessions under the same.
 */
export function createFanOut(parts: FanOutParts): FanOut {
  const { gateway, transport, sign, known, records, clones, hostsPerMessage } = parts;
  const { limits = defaultLimits } = parts;

  /** Shared by all requests, as it is kept for seconds. */
  const onExtra: NonNullable<AskOptions['onExtra']> = (part, host, askedAt) => {
    const instance = instanceOf(part);
    if (instance === null) return;
    clones.saw(host, askedAt, instance);
    records.of(host).answeredLate();
  };

  // Of all rounds: the next one may begin while hosts of the last one are slow.
  const patience = { ms: limits.windowMs, maxBytes: maxOverdueBytes };
  const window = createWindow(limits.maxHosts, limits.maxBytes, patience);

  return (questions, maxRows = Number.POSITIVE_INFINITY) => {
    const deadline = performance.now() + limits.deadlineMs;
    const wait = startWait(limits.deadlineMs);
    let open = questions.length;
    let rows = 0;

    /** The outcome that stands; after the last one nothing is waited for. */
    async function ask(first: HostQuestion, firstGroup: SignedGroup): Promise<HostOutcome> {
      const record = records.of(first.host);
      let [asked, group] = [first, firstGroup];
      let tried = firstTry(record.expectedBytes(asked.question));
      try {
        for (;;) {
          const { bytes } = tried;
          const seat = await new Promise<Seat>((resolve) =>
            window.enter(bytes, resolve, first.host),
          );
          let outcome: HostOutcome | NeedsRoom;
          try {
            outcome = await askOnce(asked, group, record, bytes);
          } finally {
            window.leave(seat);
          }
          const leftMs = deadline - performance.now();
          const plain = withoutCounts(asked, outcome);
          if (plain !== null && leftMs > minWaitMs) {
            asked = plain;
            tried = firstTry(record.expectedBytes(plain.question));
          } else {
            const after = tryAfter(outcome, tried, leftMs);
            if ('kind' in after) return after;
            tried = after;
            if (tried.pauseMs > 0) await delay(tried.pauseMs);
          }
          // A request counts once, so it takes another one.
          const anew = signGroups(gateway, [asked], sign).get(asked);
          if (anew === undefined) return { kind: 'not-asked' };
          group = anew;
        }
      } catch {
        return { kind: 'lost' };
      } finally {
        open -= 1;
        if (open === 0) wait.stop();
      }
    }

    /** Sends the question once, and reads what comes within the wait. */
    async function askOnce(
      asked: HostQuestion,
      group: SignedGroup,
      record: HostRecord,
      bytes: number,
    ): Promise<HostOutcome | NeedsRoom> {
      const leftMs = deadline - performance.now();
      if (leftMs < minWaitMs || rows > maxRows) return { kind: 'not-asked' };
      const signed = group.message ?? (await group.messageFor(asked).catch(outcomeOfUnsigned));
      if ('kind' in signed) return signed;
      const { host, question, key } = asked;
      const before = known.get(host, key);
      const room = Math.min(maxAnswerBytes, Math.ceil(bytes * roomFactor));
      const frame = encodeFrame({ gateway, room, known: before?.digest, ...signed });
      const isShort = record.isSuspect && limits.suspectMs < leftMs;
      const shorter = isShort ? startWait(limits.suspectMs) : null;
      const { signal } = shorter ?? wait;
      const askedAt = performance.now();
      const sent = { signal, askedAt, onExtra, maxBytes: room };
      const result = await transport.ask(host, 'list', frame, sent);
      shorter?.stop();
      if (result.kind !== 'answer') {
        const without = outcomeWithout(result);
        record.note(question, without, null);
        return without;
      }
      const size = sizeOf(result.parts);
      const read = readResult(host, result.parts, size, before, question.details);
      const answer = read instanceof Promise ? await read : read;
      const outcome = outcomeOf(answer, host, askedAt);
      if (outcome.kind === 'needs-room') return outcome;
      if (outcome.kind === 'answer') {
        known.set(host, key, outcome.answer);
        rows += outcome.answer.sessions.length;
      }
      record.note(question, outcome, size);
      return outcome;
    }

    if (open === 0) wait.stop();
    const outcomes = new Map<HostQuestion, Promise<HostOutcome>>();
    for (const [asked, group] of signGroups(gateway, questions, sign, hostsPerMessage)) {
      outcomes.set(asked, ask(asked, group));
    }
    return outcomes;
  };

  /** What an answer says of its host, as far as one machine answers for it. */
  function outcomeOf(answer: ReadAnswer, host: string, askedAt: number): HostOutcome | NeedsRoom {
    if (answer.kind === 'malformed') return answer;
    if (answer.kind === 'mixed') {
      for (const instance of answer.instances) clones.saw(host, askedAt, instance);
      return { kind: 'cloned', instances: clones.clonesOf(host) ?? answer.instances };
    }
    const instances = clones.saw(host, askedAt, answer.instance);
    if (instances !== null) return { kind: 'cloned', instances };
    if (answer.kind === 'answer') return answer;
    if (answer.bytes !== null && answer.refusal === 'needs-room') {
      return { kind: 'needs-room', bytes: answer.bytes };
    }
    return outcomeOfRefusal(answer.refusal);
  }
}

function sizeOf(parts: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const { length } of parts) bytes += length;
  return bytes;
}

/** What an answer of so many bytes says; at once where it has one part, as nearly all have. */
function readResult(
  host: string,
  parts: readonly Uint8Array[],
  bytes: number,
  before: HostAnswer | undefined,
  wantsDetails: boolean,
): ReadAnswer | Promise<ReadAnswer> {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return readAnswer(host, only, before, wantsDetails);
  return parseParts(parts).then((all) => readParts(host, all, bytes, before, wantsDetails));
}

/** How often a host has been asked in a round, and why. */
interface Try {
  /** What its answer may have. */
  readonly bytes: number;
  /** Times since it had more to answer than there was room for; the first counts. */
  readonly sizes: number;
  /** Times that it was busy. */
  readonly pauses: number;
  /** What is waited before. */
  readonly pauseMs: number;
}

const firstTry = (bytes: number): Try => ({ bytes, sizes: 1, pauses: 0, pauseMs: 0 });

/** How the host is asked again, or the outcome that stands. */
function tryAfter(outcome: HostOutcome | NeedsRoom, last: Try, leftMs: number): Try | HostOutcome {
  if (outcome.kind === 'busy') {
    const pauseMs = pauseBeforeAgain(last.pauses, leftMs);
    return pauseMs === null ? outcome : { ...last, pauses: last.pauses + 1, pauseMs };
  }
  if (outcome.kind !== 'needs-room') return outcome;
  if (last.sizes === maxSizes) return { kind: 'refused', refusal: 'needs-room' };
  return { ...last, bytes: outcome.bytes, sizes: last.sizes + 1, pauseMs: 0 };
}

/** The question that a host is asked instead which is too old to tell numbers alone; null where it is not. */
function withoutCounts(
  { host, question }: HostQuestion,
  outcome: HostOutcome | NeedsRoom,
): HostQuestion | null {
  const isTooOld = outcome.kind === 'refused' && outcome.refusal === 'malformed';
  if (question.counts !== true || !isTooOld) return null;
  const { counts: _counts, ...plain } = question;
  return { host, question: plain, key: questionKey(plain) };
}

/** This gateway's fault, and no host's; nor has the messaging server to do with it. */
function outcomeOfUnsigned(error: unknown): HostOutcome {
  return { kind: error instanceof ScopeTooLargeError ? 'too-large' : 'unsigned' };
}

/** The host has so many bytes to answer. */
interface NeedsRoom {
  readonly kind: 'needs-room';
  readonly bytes: number;
}
