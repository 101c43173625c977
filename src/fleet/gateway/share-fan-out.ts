import { type Question, questionKey } from '../messages/ask.ts';
import type { FanOut } from './fan-out.ts';
import type { HostOutcome } from './outcome.ts';
import type { HostQuestion } from './sign-groups.ts';

/** Asks hosts for one caller; the outcome of each, in the order of asking. */
export type SharedAsk = (
  questions: readonly { readonly host: string; readonly question: Question }[],
) => Promise<readonly HostOutcome[]>;

interface Plan {
  /** By question, and then by host. */
  readonly questions: Map<string, Map<string, HostQuestion>>;
  readonly started: Promise<ReadonlyMap<HostQuestion, Promise<HostOutcome>>>;
}

/**
 * One fan-out at a time, shared by all who wait: callers during one share the next, in which each host is
 * asked each question once. So nobody gets an answer to a question that went out before he asked, and a
 * crowd of callers costs no more than one. Each caller waits for its own hosts alone. `onAsked` is told each
 * round: how long it took, in ms, and what became of each question.
 */
export function shareFanOut(
  fanOut: FanOut,
  onAsked: (durationMs: number, outcomes: readonly HostOutcome['kind'][]) => void = () => {},
): SharedAsk {
  let running: Promise<unknown> = Promise.resolve();
  let next: Plan | null = null;

  function plan(): Plan {
    const questions: Plan['questions'] = new Map();
    const started = running.then(turn).then(() => {
      next = null;
      const outcomes = fanOut([...questions.values()].flatMap((some) => [...some.values()]));
      const begun = performance.now();
      running = Promise.all(outcomes.values()).then((all) =>
        onAsked(
          performance.now() - begun,
          all.map(({ kind }) => kind),
        ),
      );
      return outcomes;
    });
    return { questions, started };
  }

  return async (asked) => {
    next ??= plan();
    const { questions, started } = next;
    const own = asked.map(({ host, question }) => questionIn(questions, host, question));
    const outcomes = await started;
    return Promise.all(own.map((each) => outcomes.get(each) ?? notAsked));
  };
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

const notAsked = Promise.resolve({ kind: 'not-asked' as const });

/** All that came in at this turn of the event loop shares what begins now. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
