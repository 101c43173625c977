import type { HostAnswer } from './read-answer.ts';

/** The last answers of hosts, so that "unchanged" is an answer. */
export interface KnownAnswers {
  get(host: string, question: string): HostAnswer | undefined;
  set(host: string, question: string, answer: HostAnswer): void;
}

/** Bytes of memory (`heldBytes`). */
export interface KnownLimits {
  readonly all: number;
  /** Of one host: it sends what it likes, and must not push out what others sent. */
  readonly ofHost: number;
}

/** Two answers of a host may be as large as any. */
const defaultLimits: KnownLimits = { all: 256 * 1024 * 1024, ofHost: 64 * 1024 * 1024 };
/** What an entry takes beside its answer. */
const overhead = 512;

/** One character that is none of Latin-1 makes two bytes of each in its text; and a little for its objects. */
const perByte = 2.2;
/** What is short as a message and an object in memory. */
const [perDaemon, perPort, perGap] = [320, 8, 64];

/**
 * Bytes of memory that an answer takes at most, however it was made to take much: an ordinary list takes 0.6 to 0.9 of its
 * messages, and what a host can send that takes most for its length 9 (measured, as the test does it).
 */
export function heldBytes({ bytes, daemons, gaps }: HostAnswer): number {
  const ports = daemons.reduce((sum, daemon) => sum + (daemon.ports?.length ?? 0), 0);
  return bytes * perByte + daemons.length * perDaemon + ports * perPort + gaps.length * perGap;
}

interface Kept {
  readonly host: string;
  readonly question: string;
  readonly answer: HostAnswer;
  readonly bytes: number;
}

interface OfHost {
  bytes: number;
  readonly byQuestion: Map<string, Kept>;
}

/** Forgets those first that were used longest ago: of the host that has too much, and then of all. */
export function createKnownAnswers(limits = defaultLimits): KnownAnswers {
  /** In the order of use. */
  const all = new Set<Kept>();
  const hosts = new Map<string, OfHost>();
  let bytes = 0;

  function add(kept: Kept, of: OfHost): void {
    all.add(kept);
    bytes += kept.bytes;
    of.bytes += kept.bytes;
    of.byQuestion.set(kept.question, kept);
    hosts.set(kept.host, of);
  }

  function drop(kept: Kept): void {
    all.delete(kept);
    bytes -= kept.bytes;
    const of = hosts.get(kept.host);
    if (of === undefined) return;
    of.bytes -= kept.bytes;
    of.byQuestion.delete(kept.question);
    if (of.byQuestion.size === 0) hosts.delete(kept.host);
  }

  /** The newest stays, whatever it takes. */
  function dropOldest(newest: Kept, isTooMuch: () => boolean, host?: string): void {
    if (!isTooMuch()) return;
    for (const kept of all) {
      if (kept === newest || !isTooMuch()) break;
      if (host === undefined || kept.host === host) drop(kept);
    }
  }

  return {
    get: (host, question) => hosts.get(host)?.byQuestion.get(question)?.answer,
    set: (host, question, answer) => {
      const of = hosts.get(host) ?? { bytes: 0, byQuestion: new Map() };
      const before = of.byQuestion.get(question);
      // What is not near its bounds need not know what was used last.
      const isRoomy = bytes <= limits.all / 2 && of.bytes <= limits.ofHost / 2;
      if (before?.answer === answer && isRoomy) return;
      if (before !== undefined) drop(before);
      const nameBytes = 2 * (host.length + question.length);
      const kept = { host, question, answer, bytes: heldBytes(answer) + nameBytes + overhead };
      add(kept, of);
      dropOldest(kept, () => of.bytes > limits.ofHost, host);
      dropOldest(kept, () => bytes > limits.all);
    },
  };
}
