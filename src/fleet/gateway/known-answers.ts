import type { HostAnswer } from './read-answer.ts';

/** The last answers of hosts, so that "unchanged" is an answer. */
export interface KnownAnswers {
  get(host: string, question: string): HostAnswer | undefined;
  set(host: string, question: string, answer: HostAnswer): void;
}

/** Sessions in all of them together; a thousand bytes each. */
const maxSessions = 200_000;

/** Forgets those first that were used longest ago. */
export function createKnownAnswers(max = maxSessions): KnownAnswers {
  const all = new Map<string, HostAnswer>();
  let sessions = 0;
  // An answer without sessions takes room too.
  const sizeOf = (answer: HostAnswer) => answer.sessions.length + 1;

  function drop(key: string): void {
    const known = all.get(key);
    if (known === undefined) return;
    sessions -= sizeOf(known);
    all.delete(key);
  }

  return {
    get: (host, question) => all.get(`${host} ${question}`),
    set: (host, question, answer) => {
      const key = `${host} ${question}`;
      // What is not near its bound need not know what was used last.
      if (all.get(key) === answer && sessions <= max / 2) return;
      drop(key);
      all.set(key, answer);
      sessions += sizeOf(answer);
      if (sessions <= max) return;
      for (const oldest of all.keys()) {
        if (sessions <= max || oldest === key) break;
        drop(oldest);
      }
    },
  };
}
