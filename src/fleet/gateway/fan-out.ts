import { ScopeTooLargeError } from '../../sessions/scope.ts';
import { questionKey } from '../messages/ask.ts';
import { encodeFrame } from '../signature/signed-frame.ts';
import type { AskResult, GatewayTransport } from '../transport/transport.ts';
import type { CloneWatch } from './clones.ts';
import type { HostRecords } from './host-records.ts';
import type { KnownAnswers } from './known-answers.ts';
import type { HostOutcome } from './outcome.ts';
import { instanceOf, readAnswer } from './read-answer.ts';
import { type HostQuestion, type SignedMessage, type Signer, signGroups } from './sign-groups.ts';
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

/** No host answers within less. */
const minWaitMs = 10;

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
 * by name; so many at a time, under one deadline.
 */
export function createFanOut(parts: FanOutParts): FanOut {
  const { gateway, sign, records, hostsPerMessage, limits = defaultLimits } = parts;

  async function ask(
    asked: HostQuestion,
    signed: () => Promise<SignedMessage>,
    leave: () => void,
    deadline: number,
  ): Promise<HostOutcome> {
    const patience = setTimeout(leave, limits.windowMs);
    try {
      const leftMs = deadline - performance.now();
      if (leftMs < minWaitMs) return { kind: 'not-asked' };
      const waitMs = records.isSuspect(asked.host) ? Math.min(leftMs, limits.suspectMs) : leftMs;
      const message = await signed().catch(outcomeOfUnsigned);
      return 'kind' in message ? message : await askOne(parts, asked, message, waitMs);
    } catch {
      return { kind: 'lost' };
    } finally {
      clearTimeout(patience);
      leave();
    }
  }

  return (questions) => {
    const deadline = performance.now() + limits.deadlineMs;
    const window = createWindow(limits.maxHosts, limits.maxBytes);
    const signed = signGroups(gateway, questions, sign, hostsPerMessage);
    const outcomes = new Map<HostQuestion, Promise<HostOutcome>>();
    for (const [asked, message] of signed) {
      const outcome = new Promise<HostOutcome>((resolve) => {
        window.enter(records.expectedBytes(asked.host), (leave) => {
          resolve(ask(asked, message, leave, deadline));
        });
      });
      outcomes.set(asked, outcome);
    }
    return outcomes;
  };
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

async function askOne(
  { gateway, transport, known, records, clones }: FanOutParts,
  { host, question }: HostQuestion,
  { message, signature }: SignedMessage,
  waitMs: number,
): Promise<HostOutcome> {
  const key = questionKey(question);
  const before = known.get(host, key);
  const frame = encodeFrame({
    gateway,
    signature,
    ...(before === undefined ? {} : { known: before.digest }),
    message,
  });
  const askedAt = performance.now();
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), waitMs);
  const onExtra = onLatePart(host, askedAt, clones, records);
  const result = await transport.ask(host, 'list', frame, { signal: controller.signal, onExtra });
  clearTimeout(timer);
  const outcome = read(result);
  records.note(host, outcome, result);
  return outcome;

  function read(result: AskResult): HostOutcome {
    if (result.kind !== 'answer') return result;
    const answer = readAnswer(host, result.parts, before, question.details);
    if (answer.kind === 'malformed') return answer;
    if (answer.kind === 'mixed') {
      for (const instance of answer.instances) clones.saw(host, askedAt, instance);
    } else {
      clones.saw(host, askedAt, answer.instance);
    }
    const instances = clones.clonesOf(host);
    if (instances !== null) return { kind: 'cloned', instances };
    if (answer.kind === 'answer') known.set(host, key, answer.answer);
    if (answer.kind === 'mixed') return { kind: 'cloned', instances: answer.instances };
    return answer;
  }
}
