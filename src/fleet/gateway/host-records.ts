import type { Question } from '../messages/ask.ts';
import type { AskResult } from '../transport/transport.ts';
import type { HostOutcome } from './outcome.ts';

/** What is remembered of a host between requests. */
export interface HostRecord {
  /** The last outcome, by its kind; null before the first. */
  readonly last: HostOutcome['kind'] | null;
  readonly refusal: string | null;
  /** By this gateway's clock, in ms since the epoch. */
  readonly answeredAt: number | null;
  readonly version: string | null;
  readonly clockAheadMs: number | null;
}

export interface HostRecords {
  note(host: string, question: Question, outcome: HostOutcome, result: AskResult): void;
  /** It has answered after all: it is waited for as others are. */
  answeredLate(host: string): void;
  /** Whether it was silent when it was asked last. */
  isSuspect(host: string): boolean;
  /** Whether it has refused to tell numbers alone, and told no other version since. */
  isTooOldToCount(host: string): boolean;
  /** How many bytes its answer may have, by those to questions of the same kind. */
  expectedBytes(host: string, question: Question): number;
  of(host: string): HostRecord;
}

type Kept = { -readonly [Key in keyof HostRecord]: HostRecord[Key] } & {
  isSuspect: boolean;
  isTooOldToCount: boolean;
  /** Of its answers, by the kind of the question: what some people's has says nothing of everybody's. */
  readonly bytes: Map<string, number>;
};

/** Of a host that has not answered yet: 200 of them fill no window. */
const unknownBytes = 64 * 1024;

/** Of answers about some people the largest counts, and each that is smaller takes it down by so much. */
const decay = 15 / 16;

const none: HostRecord = {
  last: null,
  refusal: null,
  answeredAt: null,
  version: null,
  clockAheadMs: null,
};

function kindOf({ users, details, counts }: Question): string {
  if (counts) return 'counts';
  if (users === null) return details ? 'details of all' : 'all';
  return details ? 'details of some' : 'some';
}

export function createHostRecords(now: () => number = Date.now): HostRecords {
  const all = new Map<string, Kept>();
  function recordOf(host: string): Kept {
    const known = all.get(host);
    if (known !== undefined) return known;
    const fresh: Kept = { ...none, isSuspect: false, isTooOldToCount: false, bytes: new Map() };
    all.set(host, fresh);
    return fresh;
  }

  return {
    note: (host, question, outcome, result) => {
      if (outcome.kind === 'lost' || outcome.kind === 'not-asked') return;
      const record = recordOf(host);
      record.last = outcome.kind;
      record.refusal = outcome.kind === 'refused' ? outcome.refusal : null;
      record.isSuspect = outcome.kind === 'silent';
      if (result.kind === 'answer') {
        const size = result.parts.reduce((sum, { length }) => sum + length, 0);
        record.answeredAt = now();
        // That nothing has changed says nothing of how much there is.
        if (size > 1024) {
          const kind = kindOf(question);
          const least = question.users === null ? 0 : (record.bytes.get(kind) ?? 0) * decay;
          record.bytes.set(kind, Math.max(size, least));
        }
      }
      if (question.counts === true && record.refusal === 'malformed') record.isTooOldToCount = true;
      if (outcome.kind !== 'answer') return;
      // Its first version is the one that has refused.
      const isOther = record.version !== null && record.version !== outcome.answer.version;
      if (question.counts === true || isOther) record.isTooOldToCount = false;
      record.clockAheadMs = outcome.begunAt - now();
      record.version = outcome.answer.version;
    },
    answeredLate: (host) => {
      const record = recordOf(host);
      record.isSuspect = false;
      record.answeredAt = now();
    },
    isSuspect: (host) => all.get(host)?.isSuspect ?? false,
    isTooOldToCount: (host) => all.get(host)?.isTooOldToCount ?? false,
    expectedBytes: (host, question) => all.get(host)?.bytes.get(kindOf(question)) ?? unknownBytes,
    of: (host) => all.get(host) ?? none,
  };
}
