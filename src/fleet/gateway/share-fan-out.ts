import { type Question, questionKey } from '../messages/ask.ts';
import type { FanOut } from './fan-out.ts';
import type { HostOutcome } from './outcome.ts';
import type { HostQuestion } from './sign-groups.ts';

/** When no host of a round has answered for so long, in ms, those that are left are slow, and the next round begins. */
const defaultQuietMs = 250;

/** Hosts, and what each is asked. */
export type Asked = readonly { readonly host: string; readonly question: Question }[];

/**
 * Asks hosts for one caller, who has no use for more than `maxRows` sessions; the outcome of each, in the order of asking.
 * Callers who hand in the same list, not merely an equal one, share its outcomes as well: 50 callers on
 * 1,000 hosts took 1.4 times as long as one without that, and now take as long as one.
 */
export type SharedAsk = (asked: Asked, maxRows?: number) => Promise<readonly HostOutcome[]>;

interface Plan {
  /** By question, and then by host. */
  readonly questions: Map<string, Map<string, HostQuestion>>;
  /** Of each caller: how many questions are its own, and how many sessions are too many for it. */
  readonly callers: { readonly asked: number; readonly maxRows: number }[];
  readonly started: Promise<ReadonlyMap<HostQuestion, Promise<HostOutcome>>>;
  /** Of each list of questions, by its identity. */
  readonly shared: Map<Asked, Promise<readonly HostOutcome[]>>;
}

/**
 * One fan-out at a time, shared by all who wait: callers during one share the next, in which each host is
 * asked each question once. So nobody gets an answer to a question that went out before he asked, and a
 * crowd of callers costs no more than one. Each caller waits for its own hosts alone, and for those of the round before
 * only while they answer one after the other: what is slow for one is not slow for everybody. `onAsked` is told each
 * round: how long it took, in ms, and what became of each question.
 */
export function shareFanOut(
  fanOut: FanOut,
  onAsked: (durationMs: number, outcomes: readonly HostOutcome['kind'][]) => void = () => {},
  quietMs = defaultQuietMs,
): SharedAsk {
  let running: Promise<unknown> = Promise.resolve();
  let next: Plan | null = null;

  function plan(): Plan {
    const questions: Plan['questions'] = new Map();
    const callers: Plan['callers'] = [];
    const started = running.then(turn).then(() => {
      next = null;
      const asked = [...questions.values()].flatMap((some) => [...some.values()]);
      const outcomes = fanOut(asked, maxRowsOf(callers, asked.length));
      const begun = performance.now();
      running = untilQuiet([...outcomes.values()], quietMs, (kinds) =>
        onAsked(performance.now() - begun, kinds),
      );
      return outcomes;
    });
    return { questions, callers, started, shared: new Map() };
  }

  async function join({ questions, started }: Plan, asked: Asked): Promise<readonly HostOutcome[]> {
    const own = asked.map(({ host, question }) => questionIn(questions, host, question));
    const outcomes = await started;
    return Promise.all(own.map((each) => outcomes.get(each) ?? notAsked));
  }

  return (asked, maxRows = Number.POSITIVE_INFINITY) => {
    next ??= plan();
    const { callers, shared } = next;
    callers.push({ asked: asked.length, maxRows });
    const answered = shared.get(asked) ?? join(next, asked);
    shared.set(asked, answered);
    return answered;
  };
}

/** How many sessions are too many for all callers: of those that have questions of others beside them nobody knows. */
function maxRowsOf(callers: Plan['callers'], questions: number): number {
  return callers.reduce(
    (most, { asked, maxRows }) =>
      Math.max(most, asked === questions ? maxRows : Number.POSITIVE_INFINITY),
    0,
  );
}

function questionIn(questions: Plan['questions'], host: string, question: Question): HostQuestion {
  const key = questionKey(question);
  const alike = questions.get(key) ?? new Map<string, HostQuestion>();
  if (alike.size === 0) questions.set(key, alike);
  const known = alike.get(host);
  if (known !== undefined) return known;
  const fresh = { host, question, key };
  alike.set(host, fresh);
  return fresh;
}

/** Resolves once all have, or none has for so long; `onAll` is told the kinds of all once they are there. */
function untilQuiet(
  all: readonly Promise<HostOutcome>[],
  quietMs: number,
  onAll: (kinds: readonly HostOutcome['kind'][]) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const kinds: HostOutcome['kind'][] = [];
    if (all.length === 0) {
      onAll(kinds);
      return resolve();
    }
    let newest = performance.now();
    let timer = setTimeout(look, quietMs);
    function end(): void {
      clearTimeout(timer);
      resolve();
    }
    const restMs = () => quietMs - (performance.now() - newest);
    function look(): void {
      // This process may have been the slow one: then answers have come that nobody has read.
      if (restMs() <= 0) setImmediate(lookAgain);
      else timer = setTimeout(look, restMs());
    }
    function lookAgain(): void {
      if (restMs() <= 0) end();
      else if (kinds.length < all.length) timer = setTimeout(look, restMs());
    }
    function onOne({ kind }: HostOutcome): void {
      kinds.push(kind);
      newest = performance.now();
      if (kinds.length < all.length) return;
      end();
      onAll(kinds);
    }
    for (const each of all) void each.then(onOne);
  });
}

const notAsked = Promise.resolve({ kind: 'not-asked' as const });

/** All that came in at this turn of the event loop shares what begins now. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
