/**
 * Lets callers who ask the same of the same object in one turn of the event loop share what is made
 * for the first of them. `make` may look at the world only when the turn is over, as looks do that
 * begin with `shareLooks`: then nobody gets what was seen before he asked.
 */
export function shareTurn<Source extends object, Made>(): (
  source: Source,
  key: string,
  make: () => Promise<Made>,
) => Promise<Made> {
  let turn: Map<Source, Map<string, Promise<Made>>> | null = null;
  const begin = () => {
    setImmediate(() => {
      turn = null;
    });
    return new Map<Source, Map<string, Promise<Made>>>();
  };
  return (source, key, make) => {
    turn ??= begin();
    const ofSource = turn.get(source) ?? new Map<string, Promise<Made>>();
    const made = ofSource.get(key) ?? make();
    turn.set(source, ofSource.set(key, made));
    return made;
  };
}
