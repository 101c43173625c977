import { createHash } from 'node:crypto';
import type { SystemUsers } from '../../os/users/system-users.ts';
import { everybody, ofSystemUsers } from '../../sessions/scope.ts';
import type { FtpSession, Snapshot } from '../../sessions/session.ts';
import { countSessions } from '../../sessions/session-counts.ts';
import type { AnswerHead, Refusal } from '../messages/answer.ts';
import type { EndAsk, ItemsAsk, Question } from '../messages/ask.ts';
import type { SignedFrame } from '../signature/signed-frame.ts';
import type { Answerer } from '../transport/transport.ts';
import { type AdmissionRules, type Admitted, createAdmission, RefusedAsk } from './admit.ts';
import { type EnderFor, endFor } from './answer-end.ts';
import { type ItemSources, itemsFor } from './answer-items.ts';
import { type PackedAnswer, packParts } from './pack-parts.ts';
import { createSessionJson } from './session-json.ts';

export interface AgentFacts extends AdmissionRules, ItemSources {
  readonly enderFor: EnderFor;
  readonly systemUsers: ItemSources['systemUsers'] & Pick<SystemUsers, 'namesOf'>;
  /** Another one for each run of each machine. */
  readonly instance: string;
  readonly version: string;
  readonly maxPartBytes: () => number;
  /** How many requests are worked on at a time; those beyond are refused at once. */
  readonly maxAtATime?: number;
  /** Told of each request that was refused. */
  readonly onRefusal: (refusal: Refusal, gateway: string | null) => void;
  /** Told why looking failed. */
  readonly onInternalError: (error: unknown) => void;
}

const defaultMaxAtATime = 64;

/**
 * What a host answers gateways: its sessions, and what became of those that it was to end, to requests
 * that it takes (`createAdmission`). Everything else is refused with the reason, and so is, as `busy`, what comes
 * while it works on as many as it does: nothing of that is carried out.
 */
export function createAnswerer(facts: AgentFacts): Answerer {
  const admit = createAdmission(facts);
  const toJson = createSessionJson();
  const { instance, version, now = Date.now, maxAtATime = defaultMaxAtATime } = facts;
  let working = 0;

  async function list(question: Question, { known, room }: SignedFrame): Promise<Buffer[]> {
    const snapshot = await look(question);
    const { gaps, daemons, begunAt, durationMs: scanMs } = snapshot;
    const counts = question.counts && countSessions(snapshot.sessions);
    const rows = counts === undefined ? await rowsOf(snapshot) : [];
    const digest = digestOf(rows, JSON.stringify([gaps, daemons, ...(counts ? [counts] : [])]));
    if (digest === known) {
      return [Buffer.from(JSON.stringify({ v: 1, instance, unchanged: digest, begunAt, scanMs }))];
    }
    const head: AnswerHead = { version, begunAt, scanMs, digest, gaps, daemons, counts };
    const parts = pack({ instance, headJson: JSON.stringify(head), key: 'sessions', rows });
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    if (room === undefined || bytes <= room) return parts;
    const refused: Refusal = 'needs-room';
    return [Buffer.from(JSON.stringify({ v: 1, instance, refused, now: now(), bytes }))];
  }

  async function rowsOf({ sessions, details }: Snapshot): Promise<string[]> {
    const names = await namesOf(sessions);
    return sessions.map((session, index) =>
      toJson(session, nameIn(names, session), details?.[index]),
    );
  }

  function pack(answer: PackedAnswer): Buffer[] {
    const parts = packParts(answer, facts.maxPartBytes());
    if (parts === null) throw new RefusedAsk('too-large');
    return parts;
  }

  async function items(ask: ItemsAsk): Promise<Buffer[]> {
    const rows = await itemsFor(ask, facts);
    if ('refused' in rows) return [refusalPart(rows.refused)];
    return pack({ instance, headJson: null, key: 'items', rows });
  }

  async function end(ask: EndAsk): Promise<Buffer[]> {
    const ended = await endFor(ask, facts.enderFor);
    return [Buffer.from(JSON.stringify({ v: 1, instance, ended }))];
  }

  function look({ users, details }: Question): Promise<Snapshot> {
    const scope = users === null ? everybody : ofSystemUsers(users);
    return facts.sessions.snapshot(scope, details ? { details: true } : {});
  }

  function namesOf(sessions: readonly FtpSession[]): Promise<ReadonlyMap<number, string>> {
    const own = sessions.filter(({ container }) => container === undefined);
    return facts.systemUsers.namesOf([...new Set(own.map(({ ownerUid }) => ownerUid))]);
  }

  function refusalPart(refused: Refusal): Buffer {
    return Buffer.from(JSON.stringify({ v: 1, instance, refused, now: now() }));
  }

  function refuse(error: unknown): Buffer[] {
    const refused = error instanceof RefusedAsk ? error.refusal : 'failed';
    if (error instanceof RefusedAsk) facts.onRefusal(refused, error.gateway);
    else facts.onInternalError(error);
    return [refusalPart(refused)];
  }

  function carryOut({ ask, frame }: Admitted): Promise<Buffer[]> {
    if (ask.verb === 'list') return list(ask.question, frame);
    return ask.verb === 'end' ? end(ask) : items(ask);
  }

  return async (verb, body) => {
    try {
      const admitted = admit(verb, body);
      if (working >= maxAtATime) throw new RefusedAsk('busy', admitted.ask.via);
      working += 1;
      try {
        return await carryOut(admitted);
      } finally {
        working -= 1;
      }
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
