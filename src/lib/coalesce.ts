/** Resolves when all that had come in at this turn of the event loop has been read (setImmediate). */
function afterPoll(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Shares scans between callers so that no caller gets one that began before it asked. A scan begins
 * when all that had come in at this turn of the event loop has been read, so one is enough for
 * everybody who asked until then; callers during a scan share the next one. So at most one scan runs at
 * a time, whatever the number of callers, and nothing is ever kept. To let the clients that have just
 * had their answers join the next one makes a third fewer scans and no more answers a second: the
 * worker then waits for each (64 connections, measured). A scan is told what each of those that share
 * it asked. `onIdle` is called when no caller waits any more.
 */
export function coalesce<T, Asked = void>(
  scan: (asked: readonly Asked[]) => Promise<T>,
  onIdle: () => void = () => {},
): (asked: Asked) => Promise<T> {
  let running: Promise<unknown> | null = null;
  let next: { readonly asked: Asked[]; readonly result: Promise<T> } | null = null;

  function plan(): NonNullable<typeof next> {
    const asked: Asked[] = [];
    const due = running === null ? afterPoll() : running.then(afterPoll, afterPoll);
    const result = due.then(() => {
      next = null;
      running = scan(asked).finally(() => {
        running = null;
        if (next === null) onIdle();
      });
      return running as Promise<T>;
    });
    // Those who asked may be gone before the answer comes.
    result.catch(() => {});
    return { asked, result };
  }

  return (asked) => {
    next ??= plan();
    next.asked.push(asked);
    return next.result;
  };
}
