/** Of one object, since its keys may be whatever clients send and it may live as long as nothing changes. */
const mostKeys = 16;

/** What was made of objects, by key. */
export interface Kept<Source extends object, Made> {
  get(source: Source, key: string): Made | undefined;
  set(source: Source, key: string, made: Made): void;
}

/** Keeps what was made of an object, by key, for as long as the object lives. */
export function createKept<Source extends object, Made>(): Kept<Source, Made> {
  const all = new WeakMap<Source, Map<string, Made>>();
  return {
    get: (source, key) => all.get(source)?.get(key),
    set: (source, key, made) => {
      const known = all.get(source) ?? new Map<string, Made>();
      all.set(source, known);
      if (known.size >= mostKeys) known.clear();
      known.set(key, made);
    },
  };
}

/**
 * Remembers what was made of an object, by key, for as long as the object lives. So callers who
 * share a look share everything that is made of it, and nothing outlives the look.
 */
export function createMemo<Source extends object, Made>(): (
  source: Source,
  key: string,
  make: () => Made,
) => Made {
  const kept = createKept<Source, Made>();
  return (source, key, make) => {
    const found = kept.get(source, key);
    if (found !== undefined) return found;
    const made = make();
    kept.set(source, key, made);
    return made;
  };
}

/** `make`, once for each object for as long as it lives. */
export function memoized<Source extends object, Made>(
  make: (source: Source) => Made,
): (source: Source) => Made {
  const all = new WeakMap<Source, Made>();
  return (source) => {
    const known = all.get(source);
    if (known !== undefined) return known;
    const made = make(source);
    all.set(source, made);
    return made;
  };
}
