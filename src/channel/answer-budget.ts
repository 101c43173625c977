/** Room for answers that come as bytes and are passed on at once, whether they are read or not. */
export interface AnswerBudget {
  /** Calls `ask`, which brings one answer, once there is room for it; in the order of the calls. */
  whenThere(ask: () => void): void;
  /** An answer of so many bytes has come; 0 for a failure. */
  taken(bytes: number): void;
  /** The other side has read something. */
  update(): void;
}

/**
 * Room for `maxBytes` that are unread, those of answers to come among them: each is taken to be as
 * long as the longest of late, the first ones to fill a quarter. One is always asked for when none is under way and what came is read.
 */
export function createAnswerBudget(maxBytes: number, unreadBytes: () => number): AnswerBudget {
  const held: (() => void)[] = [];
  let coming = 0;
  let estimate = maxBytes / 4;

  function isThere(): boolean {
    const unread = unreadBytes();
    if (coming === 0 && unread <= maxBytes) return true;
    return unread + (coming + 1) * estimate <= maxBytes;
  }

  function update(): void {
    while (held.length > 0 && isThere()) {
      coming += 1;
      held.shift()?.();
    }
  }

  return {
    update,
    whenThere: (ask) => {
      held.push(ask);
      update();
    },
    taken: (bytes) => {
      coming -= 1;
      estimate = Math.max(bytes, estimate * 0.9);
      update();
    },
  };
}
