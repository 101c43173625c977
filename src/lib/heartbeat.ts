/** Whether another process answers when it is asked. */
export interface Pulse {
  /** It has answered. */
  beat(): void;
  /** False from the second question on that was left without an answer, and when stopped. */
  isFelt(): boolean;
  stop(): void;
}

export interface PulseOptions {
  /** Asks. */
  readonly ask: () => void;
  /** Called once, when so many questions in a row have had no answer. */
  readonly onSilence: () => void;
  readonly everyMs?: number;
  readonly mostUnanswered?: number;
}

/** A process that hangs is ended after so many milliseconds, and a second more at most. */
export const longestSilenceMs = 10_000;
const askEveryMs = 1_000;

/**
 * Asks at once and then at each interval. Questions are counted and not the time: after a pause of
 * this process itself, stopped or starved, its answers are still waiting to be read.
 */
export function feelPulse({
  ask,
  onSilence,
  everyMs = askEveryMs,
  mostUnanswered = longestSilenceMs / askEveryMs,
}: PulseOptions): Pulse {
  let unanswered = 0;
  const question = () => {
    if (unanswered >= mostUnanswered) {
      clearInterval(timer);
      onSilence();
      return;
    }
    unanswered += 1;
    ask();
  };
  const timer = setInterval(question, everyMs);
  question();
  return {
    beat: () => {
      unanswered = 0;
    },
    isFelt: () => unanswered < 2,
    stop: () => {
      clearInterval(timer);
      unanswered = mostUnanswered;
    },
  };
}
