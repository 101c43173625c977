/**
 * Shares looks between callers so that no caller gets one that began before it asked: whoever asks
 * during a look shares the next one. So at most one look runs at a time, whatever the number of
 * callers, and nothing is ever kept. A look is told what each of those asked who share it.
 */
export function shareLooks<T, Asked = void>(
  look: (asked: readonly Asked[]) => Promise<T>,
): (asked: Asked) => Promise<T> {
  let running: Promise<T> | null = null;
  let next: { readonly asked: Asked[]; readonly result: Promise<T> } | null = null;

  function start(asked: readonly Asked[]): Promise<T> {
    running = look(asked).finally(() => {
      running = null;
    });
    return running;
  }

  function afterThis(current: Promise<T>): NonNullable<typeof next> {
    const asked: Asked[] = [];
    const begin = () => {
      next = null;
      return start(asked);
    };
    return { asked, result: current.then(begin, begin) };
  }

  return (asked) => {
    if (next === null) {
      if (running === null) return start([asked]);
      next = afterThis(running);
    }
    next.asked.push(asked);
    return next.result;
  };
}
