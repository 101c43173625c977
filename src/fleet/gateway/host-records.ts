import type { Question } from '../messages/ask.ts';
import type { HostOutcome } from './outcome.ts';

/** What is remembered of a host between requests. */
export interface HostRecord {
  /** By this gateway's clock, in ms since the epoch. */
  readonly answeredAt: number | null;
  readonly version: string | null;
  readonly clockAheadMs: number | null;
  /** Whether it was silent when it was asked last. */
  readonly isSuspect: boolean;
  /** Whether it has refused to tell numbers alone, and told no other version since. */
  readonly isTooOldToCount: boolean;
  /** How many bytes its answer may have, by those to questions of the same kind. */
  expectedBytes(question: Question): number;
  /** What became of a question; `bytes` is how many its answer had, null where there was none. */
  note(question: Question, outcome: HostOutcome, bytes: number | null): void;
  /** It has answered after all: it is waited for as others are. */
  answeredLate(): void;
}

export interface HostRecords {
  /** The record of a host that is let in; the same one each time. */
  of(host: string): HostRecord;
}

/** Of a host that has not answered yet: 200 of them fill no window. */
const unknownBytes = 64 * 1024;

/** Of answers about some people the largest counts, and each that is smaller takes it down by so much. */
const decay = 15 / 16;

function kindOf({ users, details, counts }: Question): string {
  if (counts) return 'counts';
  if (users === null) return details ? 'details of all' : 'all';
  return details ? 'details of some' : 'some';
}

class KeptRecord implements HostRecord {
  answeredAt: number | null = null;
  version: string | null = null;
  clockAheadMs: number | null = null;
  isSuspect = false;
  isTooOldToCount = false;
  /** Of its answers, by the kind of the question: what some people's has says nothing of everybody's. */
  readonly #bytes = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  expectedBytes(question: Question): number {
    return this.#bytes.get(kindOf(question)) ?? unknownBytes;
  }

  note(question: Question, outcome: HostOutcome, bytes: number | null): void {
    if (outcome.kind === 'lost' || outcome.kind === 'not-asked') return;
    this.isSuspect = outcome.kind === 'silent';
    const now = this.#now();
    if (bytes !== null) {
      this.answeredAt = now;
      // That nothing has changed says nothing of how much there is.
      if (bytes > 1024) this.#noteBytes(question, bytes);
    }
    const isNoQuestion = outcome.kind === 'refused' && outcome.refusal === 'malformed';
    if (question.counts === true && isNoQuestion) this.isTooOldToCount = true;
    if (outcome.kind !== 'answer') return;
    const { version } = outcome.answer;
    // Its first version is the one that has refused.
    const isOther = this.version !== null && this.version !== version;
    if (question.counts === true || isOther) this.isTooOldToCount = false;
    this.clockAheadMs = outcome.begunAt - now;
    this.version = version;
  }

  #noteBytes(question: Question, bytes: number): void {
    const kind = kindOf(question);
    const least = question.users === null ? 0 : (this.#bytes.get(kind) ?? 0) * decay;
    this.#bytes.set(kind, Math.max(bytes, least));
  }

  answeredLate(): void {
    this.isSuspect = false;
    this.answeredAt = this.#now();
  }
}

export function createHostRecords(now: () => number = Date.now): HostRecords {
  const all = new Map<string, KeptRecord>();
  return {
    of: (host) => {
      const known = all.get(host);
      if (known !== undefined) return known;
      const fresh = new KeptRecord(now);
      all.set(host, fresh);
      return fresh;
    },
  };
}
