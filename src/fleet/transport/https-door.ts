import type { KeyObject } from 'node:crypto';
import { encodeFrame, isPassSigned, type Pass, readPass } from '../signature/signed-frame.ts';
import type { Answerer } from './transport.ts';

/** Where a host is asked over its own https addresses, whatever serves those. */
export interface HttpsDoor {
  /** What a request shows before its body; null where it shows none. */
  readPass(header: string | undefined): Pass | null;
  /** Whether a gateway that may ask has signed it: one check of a signature, whatever the body. */
  admits(pass: Pass): boolean;
  /** The parts of the answer; null where more is under way than this host works on at a time. */
  answer(verb: string, body: Uint8Array): Promise<readonly Uint8Array[] | null>;
  /** Why a pass does not count, as an answer. */
  refuse(verb: string, pass: Pass): Promise<readonly Uint8Array[]>;
}

/** So many requests are worked on at a time. */
const maxAtATime = 64;

export function createHttpsDoor(
  gateways: ReadonlyMap<string, KeyObject>,
  answer: Answerer,
): HttpsDoor {
  let working = 0;
  return {
    readPass: (header) => readPass(header ?? ''),
    admits: (pass) => {
      const key = gateways.get(pass.gateway);
      return key !== undefined && isPassSigned(pass, key);
    },
    answer: async (verb, body) => {
      if (working >= maxAtATime) return null;
      working += 1;
      try {
        return (await answer(verb, body)) ?? [];
      } finally {
        working -= 1;
      }
    },
    // Of a message that nobody has read: the answerer says what is wrong, and keeps the log.
    refuse: async (verb, { gateway, signature }) =>
      (await answer(verb, encodeFrame({ gateway, signature, message: new Uint8Array() }))) ?? [],
  };
}
