import type { KeyObject } from 'node:crypto';
import { parseAnswerPart, type Refusal } from '../messages/answer.ts';
import {
  encodeFrame,
  isPassOf,
  isPassSigned,
  type Pass,
  readPass,
} from '../signature/signed-frame.ts';
import type { Answerer } from './transport.ts';

export interface DoorAnswer {
  readonly parts: readonly Uint8Array[];
  /** Whether it says that a gateway has not signed that body, for this host and for now, or not for this once. */
  readonly isStrange: boolean;
}

/** Where a host is asked over its own https addresses, whatever serves those. */
export interface HttpsDoor {
  /** What a request shows before its body; null where it shows none. */
  readPass(header: string | undefined): Pass | null;
  /** Whether a gateway that may ask has signed it: one check of a signature, whatever the body. */
  admits(pass: Pass): boolean;
  /** To a request that came with that pass; null where more is under way than this host works on at a time. */
  answer(verb: string, body: Uint8Array, pass: Pass): Promise<DoorAnswer | null>;
  /** Why a pass does not count, as an answer. */
  refuse(verb: string, pass: Pass): Promise<readonly Uint8Array[]>;
}

/** So many requests are worked on at a time. */
const maxAtATime = 64;

/** What shows that a pass was not made for what came with it. */
const strange: ReadonlySet<Refusal> = new Set([
  'signature',
  'gateway-unknown',
  'malformed',
  'replayed',
  'expired',
  'not-for-me',
]);

/** A refusal is short, and all that its answer has. */
const maxRefusalBytes = 1_000;

function isStrange([only, ...more]: readonly Uint8Array[]): boolean {
  if (only === undefined || more.length > 0 || only.length > maxRefusalBytes) return false;
  const part = parseAnswerPart(only);
  return part !== null && 'refused' in part && strange.has(part.refused);
}

export function createHttpsDoor(
  gateways: ReadonlyMap<string, KeyObject>,
  answer: Answerer,
): HttpsDoor {
  let working = 0;
  // Of a message that nobody has read: the answerer says what is wrong, and keeps the log.
  const refuse = async (verb: string, { gateway, signature }: Pass) =>
    (await answer(verb, encodeFrame({ gateway, signature, message: new Uint8Array() }))) ?? [];
  return {
    readPass: (header) => readPass(header ?? ''),
    admits: (pass) => {
      const key = gateways.get(pass.gateway);
      return key !== undefined && isPassSigned(pass, key);
    },
    answer: async (verb, body, pass) => {
      if (!isPassOf(pass, body)) return { parts: await refuse(verb, pass), isStrange: true };
      if (working >= maxAtATime) return null;
      working += 1;
      try {
        const parts = (await answer(verb, body)) ?? [];
        return { parts, isStrange: isStrange(parts) };
      } finally {
        working -= 1;
      }
    },
    refuse,
  };
}
