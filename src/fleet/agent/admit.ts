import type { KeyObject } from 'node:crypto';
import type { Refusal } from '../messages/answer.ts';
import {
  type Ask,
  ask as askSchema,
  maxAskBytes,
  questionValidMs,
  verbs,
} from '../messages/ask.ts';
import { parseMessage } from '../messages/parse-message.ts';
import { createOnceGuard } from '../signature/once-guard.ts';
import { createReplayGuard } from '../signature/replay-guard.ts';
import { decodeFrame, isSigned, type SignedFrame } from '../signature/signed-frame.ts';

/** A request that is refused, and why. */
export class RefusedAsk extends Error {
  override readonly name = 'RefusedAsk';
  readonly refusal: Refusal;
  /** The gateway that has signed it; null where that is not proven. */
  readonly gateway: string | null;

  constructor(refusal: Refusal, gateway: string | null = null) {
    super(refusal);
    this.refusal = refusal;
    this.gateway = gateway;
  }
}

/** What a host does for its gateways. */
export type AllowedVerb = 'list' | 'end';

export interface AdmissionRules {
  /** The name of this host in the fleet. */
  readonly host: string;
  /** The gateways that may ask, with the keys that they sign by. */
  readonly gateways: ReadonlyMap<string, KeyObject>;
  readonly allow: readonly AllowedVerb[];
  /**
   * Whether nothing counts that is meant for other hosts, too: those could carry it here, where no messaging
   * server keeps them from it.
   */
  readonly isForOneHost?: boolean;
  /** The clock on the wall. */
  readonly now?: (() => number) | undefined;
}

export interface Admitted {
  readonly ask: Ask;
  readonly frame: SignedFrame;
}

/**
 * Gives what a gateway that is known has signed for this host, for this verb, that this host does for its
 * gateways, and that has not come before; a question also only within an hour of its time, and what ends
 * something only while its time is now.
 * Throws RefusedAsk for everything else. Each call counts.
 */
export function createAdmission({
  host,
  gateways,
  allow,
  isForOneHost = false,
  now = Date.now,
}: AdmissionRules): (verb: string, body: Uint8Array) => Admitted {
  const guard = createReplayGuard();
  const once = createOnceGuard(now);

  function refusalOf(ask: Ask): Refusal | null {
    if (ask.verb === 'end') return once.refusal({ ...ask, gateway: ask.via });
    if (Math.abs(now() - ask.issuedAt) > questionValidMs) return 'expired';
    return guard.isNew(ask.via, ask.nonce) ? null : 'replayed';
  }

  return (verb, body) => {
    if (!verbs.some((each) => each === verb)) throw new RefusedAsk('unknown-verb');
    const frame = body.length > maxAskBytes ? null : decodeFrame(body);
    if (frame === null) throw new RefusedAsk('malformed');
    const key = gateways.get(frame.gateway);
    if (key === undefined) throw new RefusedAsk('gateway-unknown');
    if (!isSigned(frame, key)) throw new RefusedAsk('signature');
    const ask = parseMessage(askSchema, frame.message, maxAskBytes);
    if (ask === null) throw new RefusedAsk('malformed');
    if (ask.via !== frame.gateway) throw new RefusedAsk('signature');
    const isForOthers = isForOneHost && ask.hosts.length > 1;
    if (isForOthers || !ask.hosts.includes(host)) throw new RefusedAsk('not-for-me', ask.via);
    if (ask.verb !== verb) throw new RefusedAsk('unknown-verb', ask.via);
    if (ask.verb === 'end' && !allow.includes('end')) throw new RefusedAsk('not-allowed', ask.via);
    const refusal = refusalOf(ask);
    if (refusal !== null) throw new RefusedAsk(refusal, ask.via);
    return { ask, frame };
  };
}
