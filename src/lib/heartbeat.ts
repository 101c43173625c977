/** Whether another process answers when it is asked. */
export interface Heartbeat {
  /** It has answered. */
  beat(): void;
  /** False from the second question on that was left without an answer, and when stopped. */
  isAlive(): boolean;
  stop(): void;
}

export interface HeartbeatOptions {
  /** Asks. */
  readonly ask: () => void;
  /** Called once, when so many questions in a row have had no answer. */
  readonly onSilence: () => void;
  readonly everyMs?: number;
  readonly maxUnanswered?: number;
}

/** A process that hangs is ended after so many milliseconds, and a second more at most. */
export const maxSilenceMs = 10_000;
const askEveryMs = 1_000;

/**
 * Asks at once and then at each interval. Questions are counted and not the time: after a pause of
 * this process itself, stopped or starved, its answers are still waiting to be read.
 */
export function startHeartbeat({
  ask,
  onSilence,
  everyMs = askEveryMs,
  maxUnanswered = maxSilenceMs / askEveryMs,
}: HeartbeatOptions): Heartbeat {
  let unanswered = 0;
  const question = () => {
    if (unanswered >= maxUnanswered) {
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
    isAlive: () => unanswered < 2,
    stop: () => {
      clearInterval(timer);
      unanswered = maxUnanswered;
    },
  };
}
