import { setTimeout as delay } from 'node:timers/promises';
import { ScopeTooLargeError } from '../../sessions/scope.ts';
import { maxAnswerBytes } from '../messages/answer.ts';
import { questionKey } from '../messages/ask.ts';
import { encodeFrame } from '../signature/signed-frame.ts';
import type { AskResult, GatewayTransport, WaitSignal } from '../transport/transport.ts';
import { pauseBeforeAgain } from './busy-pause.ts';
import type { CloneWatch } from './clones.ts';
import type { HostRecords } from './host-records.ts';
import type { KnownAnswers } from './known-answers.ts';
import { type HostOutcome, outcomeOfRefusal } from './outcome.ts';
import { parseParts } from './parse-parts.ts';
import { instanceOf, type ReadAnswer, readAnswer, readParts } from './read-answer.ts';
import {
  type HostQuestion,
  type SignedGroup,
  type SignedMessage,
  type Signer,
  signGroups,
} from './sign-groups.ts';
import { minWaitMs, startWait, type Wait } from './wait.ts';
import { createWindow } from './window.ts';

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
/** What hosts that have left the window, as they did not answer, may still bring. */
const maxOverdueBytes = 16 * 1024 * 1024;

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

/** Asks hosts, each its question; the outcome of each, as soon as it is there. Never rejects. */
export type FanOut = (
  questions: readonly HostQuestion[],
) => Map<HostQuestion, Promise<HostOutcome>>;

/**
 * Asks each host by a message of its own, never by a broadcast, so that each that does not answer is known
 * by name; so many at a time, under one deadline. One that is too old to tell numbers alone is asked for its
 * sessions under the same.
 */
export function createFanOut(parts: FanOutParts): FanOut {
  const { gateway, sign, records, hostsPerMessage, limits = defaultLimits } = parts;

  return (questions) => {
    const deadline = performance.now() + limits.deadlineMs;
    const window = createWindow(limits.maxHosts, limits.maxBytes);
    const wait = startWait(limits.deadlineMs);
    let open = questions.length;
    let overdueBytes = 0;

    /** Waits for room for so many bytes, and then asks. */
    function enter(asked: HostQuestion, group: SignedGroup, tried: Try) {
      return new Promise<HostOutcome>((resolve) => {
        window.enter(tried.bytes, (leave) => {
          resolve(ask(asked, group, tried, leave));
        });
      });
    }

    /** One outcome more; after the last one nothing is waited for. */
    function settled(outcome: HostOutcome): HostOutcome {
      open -= 1;
      if (open === 0) wait.stop();
      return outcome;
    }

    async function ask(
      asked: HostQuestion,
      group: SignedGroup,
      tried: Try,
      leave: () => void,
    ): Promise<HostOutcome> {
      const { bytes } = tried;
      let isOverdue = false;
      const patience = setTimeout(() => {
        if (overdueBytes + bytes > maxOverdueBytes) return;
        isOverdue = true;
        overdueBytes += bytes;
        leave();
      }, limits.windowMs);
      let shorter: Wait | null = null;
      let again: Try;
      let next = asked;
      try {
        const leftMs = deadline - performance.now();
        if (leftMs < minWaitMs) return settled({ kind: 'not-asked' });
        const message = group.message ?? (await group.messageFor(asked).catch(outcomeOfUnsigned));
        if ('kind' in message) return settled(message);
        if (records.isSuspect(asked.host) && limits.suspectMs < leftMs) {
          shorter = startWait(limits.suspectMs);
        }
        const { signal } = shorter ?? wait;
        const room = Math.min(maxAnswerBytes, Math.ceil(bytes * roomFactor));
        const outcome = await askOne(parts, asked, message, { signal, room });
        const nowLeftMs = deadline - performance.now();
        const plain = withoutCounts(asked, outcome);
        if (plain !== null && nowLeftMs > minWaitMs) {
          next = plain;
          again = firstTry(records.expectedBytes(plain.host, plain.question));
        } else {
          const after = tryAfter(outcome, tried, nowLeftMs);
          if ('kind' in after) return settled(after);
          again = after;
        }
      } catch {
        return settled({ kind: 'lost' });
      } finally {
        shorter?.stop();
        clearTimeout(patience);
        if (isOverdue) overdueBytes -= bytes;
        leave();
      }
      if (again.pauseMs > 0) await delay(again.pauseMs);
      // A request counts once, so it takes another one.
      const anew = signGroups(gateway, [next], sign).get(next);
      return anew === undefined ? settled({ kind: 'not-asked' }) : enter(next, anew, again);
    }

    if (open === 0) wait.stop();
    const outcomes = new Map<HostQuestion, Promise<HostOutcome>>();
    for (const [asked, group] of signGroups(gateway, questions, sign, hostsPerMessage)) {
      const bytes = records.expectedBytes(asked.host, asked.question);
      outcomes.set(asked, enter(asked, group, firstTry(bytes)));
    }
    return outcomes;
  };
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

/** By itself, since it is kept for seconds, with all that a function beside it needs. */
function onLatePart(host: string, askedAt: number, clones: CloneWatch, records: HostRecords) {
  return (part: Uint8Array) => {
    const instance = instanceOf(part);
    if (instance === null) return;
    clones.saw(host, askedAt, instance);
    records.answeredLate(host);
  };
}

/** The host has so many bytes to answer. */
interface NeedsRoom {
  readonly kind: 'needs-room';
  readonly bytes: number;
}

async function askOne(
  { gateway, transport, known, records, clones }: FanOutParts,
  { host, question, key }: HostQuestion,
  { message, signature }: SignedMessage,
  { signal, room }: { readonly signal: WaitSignal; readonly room: number },
): Promise<HostOutcome | NeedsRoom> {
  const before = known.get(host, key);
  const frame = encodeFrame({ gateway, signature, room, known: before?.digest, message });
  const askedAt = performance.now();
  const onExtra = onLatePart(host, askedAt, clones, records);
  const result = await transport.ask(host, 'list', frame, { signal, onExtra, maxBytes: room });
  const answer = result.kind === 'answer' ? partsOf(result.parts) : null;
  const outcome = read(result, answer instanceof Promise ? await answer : answer);
  if (outcome.kind !== 'needs-room') records.note(host, question, outcome, result);
  return outcome;

  function partsOf(parts: readonly Uint8Array[]): ReadAnswer | Promise<ReadAnswer> {
    const [only] = parts;
    // Nearly all answers have one.
    if (only !== undefined && parts.length === 1) {
      return readAnswer(host, only, before, question.details);
    }
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    return parseParts(parts).then((all) => readParts(host, all, bytes, before, question.details));
  }

  function read(result: AskResult, answer: ReadAnswer | null): HostOutcome | NeedsRoom {
    if (result.kind !== 'answer') return result;
    if (answer === null) return { kind: 'malformed' };
    if (answer.kind === 'malformed') return answer;
    if (answer.kind === 'mixed') {
      for (const instance of answer.instances) clones.saw(host, askedAt, instance);
    } else {
      clones.saw(host, askedAt, answer.instance);
    }
    const instances = clones.clonesOf(host);
    if (instances !== null) return { kind: 'cloned', instances };
    if (answer.kind === 'refused' && answer.bytes !== null && answer.refusal === 'needs-room') {
      return { kind: 'needs-room', bytes: answer.bytes };
    }
    if (answer.kind === 'answer') known.set(host, key, answer.answer);
    if (answer.kind === 'mixed') return { kind: 'cloned', instances: answer.instances };
    if (answer.kind === 'refused') return outcomeOfRefusal(answer.refusal);
    return answer;
  }
}
