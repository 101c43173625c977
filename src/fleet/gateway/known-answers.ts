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
  readonly answer: HostAnswer;
  readonly bytes: number;
}

/** Forgets those first that were used longest ago: of the host that has too much, and then of all. */
export function createKnownAnswers(limits = defaultLimits): KnownAnswers {
  const all = new Map<string, Kept>();
  const ofHosts = new Map<string, number>();
  let bytes = 0;

  const count = (host: string) => ofHosts.get(host) ?? 0;

  function add(key: string, kept: Kept): void {
    all.set(key, kept);
    bytes += kept.bytes;
    ofHosts.set(kept.host, count(kept.host) + kept.bytes);
  }

  function drop(key: string, kept: Kept): void {
    all.delete(key);
    bytes -= kept.bytes;
    const left = count(kept.host) - kept.bytes;
    if (left > 0) ofHosts.set(kept.host, left);
    else ofHosts.delete(kept.host);
  }

  /** The newest stays, whatever it takes. */
  function dropOldest(newest: string, isTooMuch: () => boolean, host?: string): void {
    if (!isTooMuch()) return;
    for (const [key, kept] of all) {
      if (key === newest || !isTooMuch()) break;
      if (host === undefined || kept.host === host) drop(key, kept);
    }
  }

  return {
    get: (host, question) => all.get(`${host} ${question}`)?.answer,
    set: (host, question, answer) => {
      const key = `${host} ${question}`;
      const before = all.get(key);
      // What is not near its bounds need not know what was used last.
      const isRoomy = bytes <= limits.all / 2 && count(host) <= limits.ofHost / 2;
      if (before?.answer === answer && isRoomy) return;
      if (before !== undefined) drop(key, before);
      add(key, { host, answer, bytes: heldBytes(answer) + 2 * key.length + overhead });
      dropOldest(key, () => count(host) > limits.ofHost, host);
      dropOldest(key, () => bytes > limits.all);
    },
  };
}
