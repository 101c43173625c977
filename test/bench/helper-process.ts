import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of its own that answers questions, so that its work and ours do not share a thread. */
export interface HelperProcess<Asked, Told> {
  readonly pid: number;
  /** Asks and resolves to the answer; rejects with what went wrong there, or when it is gone. */
  ask(question: Asked): Promise<Told>;
  /** Ends it; resolves once it is gone. */
  stop(): Promise<void>;
}

type Answer<Told> = { readonly told: Told } | { readonly error: string };

/**
 * Starts a module that calls `answerParent`; `execArgv` is for node. Questions are asked one after the
 * other.
 */
export function startHelper<Asked, Told>(
  module: URL,
  execArgv: readonly string[] = [],
): HelperProcess<Asked, Told> {
  const child = fork(module, {
    serialization: 'advanced',
    execArgv: [...process.execArgv, ...execArgv],
  });
  const exited = once(child, 'exit');
  return {
    pid: child.pid ?? 0,
    async ask(question) {
      const gone = exited.then(([code, signal]) => {
        throw new Error(`${module.pathname} ended with ${code ?? signal}`);
      });
      gone.catch(() => undefined);
      const answered = once(child, 'message');
      child.send({ question });
      const [answer] = (await Promise.race([answered, gone])) as [Answer<Told>];
      if ('error' in answer) {
        throw new Error(answer.error);
      }
      return answer.told;
    },
    async stop() {
      if (child.connected) {
        child.disconnect();
      }
      await exited;
    },
  };
}

/** In the helper: answers each question, until the one who started it is gone. */
export function answerParent<Asked, Told>(answer: (question: Asked) => Promise<Told>): void {
  process.on('message', async ({ question }: { question: Asked }) => {
    try {
      process.send?.({ told: await answer(question) });
    } catch (error) {
      process.send?.({ error: error instanceof Error ? error.message : String(error) });
    }
  });
  process.once('disconnect', () => process.exit());
}
