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
  readonly daemons: readonly string[];
  readonly sessions: number | null;
  readonly clockAheadMs: number | null;
}

export interface HostRecords {
  note(host: string, outcome: HostOutcome, result: AskResult): void;
  /** It has answered after all: it is waited for as others are. */
  answeredLate(host: string): void;
  /** Whether it was silent when it was asked last. */
  isSuspect(host: string): boolean;
  /** How many bytes its answer may have, by its last one. */
  expectedBytes(host: string): number;
  of(host: string): HostRecord;
}

type Kept = { -readonly [Key in keyof HostRecord]: HostRecord[Key] } & {
  isSuspect: boolean;
  bytes: number;
};

/** Of a host that has not answered yet: 200 of them fill no window. */
const unknownBytes = 64 * 1024;

const none: Readonly<Kept> = {
  last: null,
  refusal: null,
  answeredAt: null,
  version: null,
  daemons: [],
  sessions: null,
  clockAheadMs: null,
  isSuspect: false,
  bytes: unknownBytes,
};

export function createHostRecords(now: () => number = Date.now): HostRecords {
  const all = new Map<string, Kept>();
  function recordOf(host: string): Kept {
    const known = all.get(host);
    if (known !== undefined) return known;
    const fresh = { ...none };
    all.set(host, fresh);
    return fresh;
  }

  return {
    note: (host, outcome, result) => {
      if (outcome.kind === 'lost' || outcome.kind === 'not-asked') return;
      const record = recordOf(host);
      record.last = outcome.kind;
      record.refusal = outcome.kind === 'refused' ? outcome.refusal : null;
      record.isSuspect = outcome.kind === 'silent';
      if (result.kind === 'answer') {
        const size = result.parts.reduce((sum, { length }) => sum + length, 0);
        record.answeredAt = now();
        if (size > 1024) record.bytes = size;
      }
      if (outcome.kind !== 'answer') return;
      record.clockAheadMs = outcome.begunAt - now();
      const { version, daemons, sessions } = outcome.answer;
      record.version = version;
      record.daemons = daemons.map(({ name }) => name);
      record.sessions = sessions.length;
    },
    answeredLate: (host) => {
      const record = recordOf(host);
      record.isSuspect = false;
      record.answeredAt = now();
    },
    isSuspect: (host) => all.get(host)?.isSuspect ?? false,
    expectedBytes: (host) => all.get(host)?.bytes ?? unknownBytes,
    of: (host) => all.get(host) ?? none,
  };
}
