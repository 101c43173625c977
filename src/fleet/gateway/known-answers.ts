import type { HostAnswer } from './read-answer.ts';

/** The last answers of hosts, so that "unchanged" is an answer. */
export interface KnownAnswers {
  get(host: string, question: string): HostAnswer | undefined;
  set(host: string, question: string, answer: HostAnswer): void;
}

/** Bytes of the messages that they came in. */
export interface KnownLimits {
  readonly all: number;
  /** Of one host: it sends what it likes, and must not push out what others sent. */
  readonly ofHost: number;
}

/** Two answers of a host may be as large as any. */
const defaultLimits: KnownLimits = { all: 256 * 1024 * 1024, ofHost: 32 * 1024 * 1024 };
/** What an answer takes beside its text. */
const overhead = 512;

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
      add(key, { host, answer, bytes: answer.bytes + 2 * key.length + overhead });
      dropOldest(key, () => count(host) > limits.ofHost, host);
      dropOldest(key, () => bytes > limits.all);
    },
  };
}
