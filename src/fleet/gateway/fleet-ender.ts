import { randomBytes } from 'node:crypto';
import { identityOf, type SessionIdentity } from '../../sessions/identity.ts';
import { type Scope, ScopeTooLargeError } from '../../sessions/scope.ts';
import type { EndCaller, EndedSession, SessionEnder } from '../../sessions/session-ender.ts';
import { type EndedRow, maxPartBytes, parseAnswerPart } from '../messages/answer.ts';
import { type EndAsk, endValidMs, maxTargets } from '../messages/ask.ts';
import { encodeFrame } from '../signature/signed-frame.ts';
import type { GatewayTransport } from '../transport/transport.ts';
import type { CloneWatch } from './clones.ts';
import {
  clonedServer,
  type LostThing,
  type NotEnded,
  notEnrolled,
  ofNoAnswer,
  ofRefusal,
  unclear,
  unsigned,
} from './ending-text.ts';
import { instanceOf } from './read-answer.ts';
import type { Signer } from './sign-groups.ts';

export interface FleetEnderParts {
  /** The name of this gateway. */
  readonly gateway: string;
  readonly transport: GatewayTransport;
  readonly sign: Signer;
  /** The hosts that are let in, at this moment. */
  readonly servers: () => readonly string[];
  readonly clones: CloneWatch;
  /** What of this gateway is lost when it can ask nobody. */
  readonly lost: LostThing;
  /** How long a host has to confirm, in ms. */
  readonly withinMs?: number;
  /** The clock on the wall. */
  readonly now?: () => number;
}

/** A host takes seven seconds at most to end what defies it. */
export const confirmWithinMs = 8_000;

/**
 * Has sessions ended on their hosts: each is asked once, by a request that counts once, for ten seconds, and
 * never again by itself. What a host does not confirm may or may not have ended, and is told so.
 */
export function createFleetEnder(parts: FleetEnderParts): SessionEnder {
  return {
    end: async (identities, scope, caller) => {
      if (caller === undefined) throw new Error('a fleet ends nothing that nobody asks for');
      const byHost = new Map<string, SessionIdentity[]>();
      for (const identity of identities) {
        const own = byHost.get(identity.host);
        if (own === undefined) byHost.set(identity.host, [identity]);
        else own.push(identity);
      }
      const ended = await Promise.all(
        [...byHost].flatMap(([host, own]) => {
          const users = usersOn(scope, host);
          if (users === undefined) return [];
          return inBatches(own).map((batch) => endOn(parts, { host, batch, users, caller }));
        }),
      );
      const results = new Map(ended.flat().map((each) => [keyOf(each.identity), each]));
      return identities.map((identity) => results.get(keyOf(identity)) ?? gone(identity));
    },
  };
}

/** Null for everybody's there, undefined for nobody's. */
function usersOn(scope: Scope, host: string): readonly string[] | null | undefined {
  if (scope.kind === 'everybody') return null;
  if (scope.kind !== 'placed') return undefined;
  return scope.hosts.find(([name]) => name === host)?.[1];
}

function inBatches(all: readonly SessionIdentity[]): (readonly SessionIdentity[])[] {
  const count = Math.ceil(all.length / maxTargets);
  return Array.from({ length: count }, (_, index) =>
    all.slice(index * maxTargets, (index + 1) * maxTargets),
  );
}

interface Ending {
  readonly host: string;
  readonly batch: readonly SessionIdentity[];
  readonly users: readonly string[] | null;
  readonly caller: EndCaller;
}

async function endOn(parts: FleetEnderParts, ending: Ending): Promise<readonly EndedSession[]> {
  const { host, batch } = ending;
  const told = await askOne(parts, ending);
  if (!Array.isArray(told)) {
    const { outcome, why } = told as NotEnded;
    return batch.map((each) => ({ identity: identityOf(each), session: null, outcome, why }));
  }
  const outcomes = new Map(
    (told as readonly EndedRow[]).map(({ outcome, ...target }) => [
      keyOf({ host, ...target }),
      outcome,
    ]),
  );
  return batch.map((each) => {
    const outcome = outcomes.get(keyOf(each));
    const identity = identityOf(each);
    // It has answered, and says nothing of this one.
    if (outcome === undefined) return { identity, session: null, ...unclear(host) };
    return { identity, session: null, outcome };
  });
}

async function askOne(
  parts: FleetEnderParts,
  { host, batch, users, caller }: Ending,
): Promise<readonly EndedRow[] | NotEnded> {
  const { gateway, transport, sign, servers, clones, lost } = parts;
  const { withinMs = confirmWithinMs, now = Date.now } = parts;
  if (!servers().includes(host)) return notEnrolled(host);
  if (clones.clonesOf(host) !== null) return clonedServer(host);
  const ask: EndAsk = {
    v: 1,
    verb: 'end',
    via: gateway,
    nonce: randomBytes(16).toString('base64url'),
    issuedAt: now(),
    validMs: endValidMs,
    hosts: [host],
    ...caller,
    users,
    targets: batch.map(({ pid, startTime }) => ({ pid, startTime })),
  };
  const message = JSON.stringify(ask);
  let signature: string;
  try {
    signature = await sign(message);
  } catch (error) {
    if (error instanceof ScopeTooLargeError) throw error;
    return unsigned(host);
  }
  const frame = encodeFrame({ gateway, signature, message: Buffer.from(message) });
  const askedAt = performance.now();
  const onExtra = (part: Uint8Array) => {
    const instance = instanceOf(part);
    if (instance !== null) clones.saw(host, askedAt, instance);
  };
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), withinMs);
  const { signal } = controller;
  const result = await transport.ask(host, 'end', frame, {
    signal,
    onExtra,
    maxBytes: maxPartBytes,
  });
  clearTimeout(timer);
  if (result.kind !== 'answer') return ofNoAnswer(host, result, { withinMs, lost });
  const [bytes, ...more] = result.parts;
  const only = bytes === undefined || more.length > 0 ? null : parseAnswerPart(bytes);
  // Whatever it has done: what it says makes no sense.
  if (only === null) return unclear(host);
  clones.saw(host, askedAt, only.instance);
  if ('refused' in only) return ofRefusal(host, only.refused, only.now - now());
  return 'ended' in only ? only.ended : unclear(host);
}

function keyOf({ host, pid, startTime }: SessionIdentity): string {
  return `${host} ${pid} ${startTime}`;
}

function gone(identity: SessionIdentity): EndedSession {
  return { identity: identityOf(identity), session: null, outcome: 'gone' };
}
