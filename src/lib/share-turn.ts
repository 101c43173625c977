/**
 * Lets callers who ask the same of the same object before a turn of the event loop is over share what
 * is made for the first of them, as long as it is being made. `make` may look at the world only when
 * the turn is over, as looks do that begin with `shareLooks` and the same `turn`: then nobody gets
 * what was seen before he asked.
 */
export function shareTurn<Source extends object, Made>(
  turn: () => Promise<void>,
): (source: Source, key: string, make: () => Promise<Made>) => Promise<Made> {
  let making: Map<Source, Map<string, Promise<Made>>> | null = null;

  function begin() {
    void turn().then(() => {
      making = null;
    });
    return new Map<Source, Map<string, Promise<Made>>>();
  }

  return (source, key, make) => {
    making ??= begin();
    const ofSource = making.get(source) ?? new Map<string, Promise<Made>>();
    making.set(source, ofSource);
    const known = ofSource.get(key);
    if (known !== undefined) return known;
    const made = make();
    ofSource.set(key, made);
    const forget = () => ofSource.delete(key);
    made.then(forget, forget);
    return made;
  };
}
