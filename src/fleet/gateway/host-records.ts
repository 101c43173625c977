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

interface Kept extends HostRecord {
  readonly isSuspect: boolean;
  readonly bytes: number;
}

/** Of a host that has not answered yet: 200 of them fill no window. */
const unknownBytes = 64 * 1024;

const none: Kept = {
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
  const change = (host: string, changes: Partial<Kept>) =>
    all.set(host, { ...(all.get(host) ?? none), ...changes });

  return {
    note: (host, outcome, result) => {
      if (outcome.kind === 'lost' || outcome.kind === 'not-asked') return;
      const refusal = outcome.kind === 'refused' ? outcome.refusal : null;
      const isSuspect = outcome.kind === 'silent';
      change(host, { last: outcome.kind, refusal, isSuspect });
      if (result.kind === 'answer') {
        const size = result.parts.reduce((sum, { length }) => sum + length, 0);
        change(host, { answeredAt: now(), ...(size > 1024 ? { bytes: size } : {}) });
      }
      if (outcome.kind !== 'answer') return;
      const { version, daemons, sessions } = outcome.answer;
      change(host, {
        version,
        daemons: daemons.map(({ name }) => name),
        sessions: sessions.length,
        clockAheadMs: outcome.begunAt - now(),
      });
    },
    answeredLate: (host) => change(host, { isSuspect: false, answeredAt: now() }),
    isSuspect: (host) => all.get(host)?.isSuspect ?? false,
    expectedBytes: (host) => all.get(host)?.bytes ?? unknownBytes,
    of: (host) => all.get(host) ?? none,
  };
}
