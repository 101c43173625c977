import { createHash, type KeyObject } from 'node:crypto';
import type { SystemUsers } from '../../os/users/system-users.ts';
import { everybody, ofSystemUsers } from '../../sessions/scope.ts';
import type { FtpSession, SessionSource, Snapshot } from '../../sessions/session.ts';
import type { AnswerHead, Refusal } from '../messages/answer.ts';
import { type Ask, ask as askSchema, maxAskBytes, type Question } from '../messages/ask.ts';
import { parseMessage } from '../messages/parse-message.ts';
import { createReplayGuard } from '../signature/replay-guard.ts';
import { decodeFrame, isSigned, type SignedFrame } from '../signature/signed-frame.ts';
import type { Answerer } from '../transport/transport.ts';
import { packParts } from './pack-parts.ts';
import { createSessionJson } from './session-json.ts';

export interface AgentFacts {
  /** The name of this host in the fleet. */
  readonly host: string;
  /** The gateways that may ask, with the keys that they sign by. */
  readonly gateways: ReadonlyMap<string, KeyObject>;
  readonly sessions: SessionSource;
  readonly systemUsers: Pick<SystemUsers, 'namesOf'>;
  /** Another one for each run of each machine. */
  readonly instance: string;
  readonly version: string;
  readonly maxPartBytes: () => number;
  /** Told of each request that was refused. */
  readonly onRefusal: (refusal: Refusal, gateway: string | null) => void;
  /** Told why looking failed. */
  readonly onInternalError: (error: unknown) => void;
}

/** A request that is refused, and why. */
class RefusedAsk extends Error {
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

/**
 * What a host answers gateways: its sessions, to a request that a gateway which it knows has signed for
 * it and that has not come before. Everything else is refused with the reason.
 */
export function createAnswerer(facts: AgentFacts): Answerer {
  const guard = createReplayGuard();
  const toJson = createSessionJson();
  const { host, gateways, instance, version } = facts;

  function admit(
    verb: string,
    body: Uint8Array,
  ): { readonly ask: Ask; readonly frame: SignedFrame } {
    const frame = body.length > maxAskBytes ? null : decodeFrame(body);
    if (frame === null) throw new RefusedAsk('malformed');
    const key = gateways.get(frame.gateway);
    if (key === undefined) throw new RefusedAsk('gateway-unknown');
    if (!isSigned(frame, key)) throw new RefusedAsk('signature');
    const ask = parseMessage(askSchema, frame.message, maxAskBytes);
    if (ask === null) throw new RefusedAsk('malformed');
    if (ask.via !== frame.gateway) throw new RefusedAsk('signature');
    if (!ask.hosts.includes(host)) throw new RefusedAsk('not-for-me', ask.via);
    if (ask.verb !== verb) throw new RefusedAsk('unknown-verb', ask.via);
    if (!guard.isNew(ask.via, ask.nonce)) throw new RefusedAsk('replayed', ask.via);
    return { ask, frame };
  }

  async function list(question: Question, known: string | undefined): Promise<Buffer[]> {
    const snapshot = await look(question);
    const { sessions, begunAt, durationMs: scanMs } = snapshot;
    const names = await namesOf(sessions);
    const rows = sessions.map((session, index) =>
      toJson(session, nameIn(names, session), snapshot.details?.[index]),
    );
    const { gaps, daemons } = snapshot;
    const digest = digestOf(rows, JSON.stringify([gaps, daemons]));
    if (digest === known) {
      return [Buffer.from(JSON.stringify({ v: 1, instance, unchanged: digest, begunAt, scanMs }))];
    }
    const head: AnswerHead = { version, begunAt, scanMs, digest, gaps, daemons };
    const packed = { instance, headJson: JSON.stringify(head), rows };
    const parts = packParts(packed, facts.maxPartBytes());
    if (parts === null) throw new RefusedAsk('too-large');
    return parts;
  }

  function look({ users, details }: Question): Promise<Snapshot> {
    const scope = users === null ? everybody : ofSystemUsers(users);
    return facts.sessions.snapshot(scope, details ? { details: true } : {});
  }

  function namesOf(sessions: readonly FtpSession[]): Promise<ReadonlyMap<number, string>> {
    const own = sessions.filter(({ container }) => container === undefined);
    return facts.systemUsers.namesOf([...new Set(own.map(({ ownerUid }) => ownerUid))]);
  }

  function refuse(error: unknown): Buffer[] {
    const refused = error instanceof RefusedAsk ? error.refusal : 'failed';
    if (error instanceof RefusedAsk) facts.onRefusal(refused, error.gateway);
    else facts.onInternalError(error);
    return [Buffer.from(JSON.stringify({ v: 1, instance, refused, now: Date.now() }))];
  }

  return async (verb, body) => {
    try {
      const { ask, frame } = admit(verb, body);
      return await list(ask.question, frame.known);
    } catch (error) {
      return refuse(error);
    }
  };
}

/** The uids of a container mean nothing on its host. */
function nameIn(names: ReadonlyMap<number, string>, { container, ownerUid }: FtpSession) {
  return container === undefined ? (names.get(ownerUid) ?? null) : null;
}

function digestOf(rows: readonly string[], rest: string): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(row).update('\n');
  return hash.update(rest).digest('base64url');
}
