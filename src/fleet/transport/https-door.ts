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

/**
 * What an answer says of who asked: "known", a gateway; "refused", somebody who shows what a gateway has signed, and
 * may be it, with a wrong clock, another version or what this host does not do; "strange", nobody that a
 * gateway has sent just now.
 */
export type Standing = 'known' | 'refused' | 'strange';

export interface DoorAnswer {
  readonly parts: readonly Uint8Array[];
  readonly standing: Standing;
}

/** Where a host is asked over its own https addresses, whatever serves those. */
export interface HttpsDoor {
  /** What a request shows before its body; null where it shows none. */
  readPass(header: string | undefined): Pass | null;
  /** Whether a gateway that may ask has signed it: one check of a signature, whatever the body. */
  admits(pass: Pass): boolean;
  /** To a request that came with that pass. */
  answer(verb: string, body: Uint8Array, pass: Pass): Promise<DoorAnswer>;
  /** Why a pass does not count, as an answer. */
  refuse(verb: string, pass: Pass): Promise<readonly Uint8Array[]>;
}

/** What no gateway causes, whatever is wrong with its clock, its version or its list of hosts. */
const strange: ReadonlySet<Refusal> = new Set(['signature', 'gateway-unknown', 'replayed']);

/** A refusal is short, and all that its answer has. */
const maxRefusalBytes = 1_000;

function standingIn([only, ...more]: readonly Uint8Array[]): Standing {
  if (only === undefined || more.length > 0 || only.length > maxRefusalBytes) return 'known';
  const part = parseAnswerPart(only);
  if (part === null || !('refused' in part)) return 'known';
  return strange.has(part.refused) ? 'strange' : 'refused';
}

export function createHttpsDoor(
  gateways: ReadonlyMap<string, KeyObject>,
  answer: Answerer,
): HttpsDoor {
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
      if (!isPassOf(pass, body)) return { parts: await refuse(verb, pass), standing: 'strange' };
      const parts = (await answer(verb, body)) ?? [];
      return { parts, standing: standingIn(parts) };
    },
    refuse,
  };
}
