/** A name, or that there is none, is asked for again after so long. */
const cacheMs = 60_000;
/** So many are asked for at once, and ten times as many cached. */
const maxAtOnce = 1000;

/**
 * The names of users that no file has, by uid, through `ask`, which asks a directory. A list of
 * sessions names the same few again and again, so answers are cached for a minute; also that
 * there was none, since a directory that is down would hold every list up.
 */
export function createDirectoryNames(
  ask: (uids: readonly number[]) => Promise<ReadonlyMap<number, string>>,
): (uids: readonly number[]) => Promise<ReadonlyMap<number, string>> {
  const cached = new Map<number, { readonly name: string | null; readonly at: number }>();
  return async (uids) => {
    const now = performance.now();
    const isKnown = (uid: number) => now - (cached.get(uid)?.at ?? -Infinity) < cacheMs;
    const unknown = uids.filter((uid) => !isKnown(uid)).slice(0, maxAtOnce);
    if (unknown.length > 0) {
      const found = await ask(unknown).catch(() => new Map<number, string>());
      if (cached.size > 10 * maxAtOnce) cached.clear();
      for (const uid of unknown) cached.set(uid, { name: found.get(uid) ?? null, at: now });
    }
    const names = new Map<number, string>();
    for (const uid of uids) {
      const name = cached.get(uid)?.name ?? null;
      if (name !== null) names.set(uid, name);
    }
    return names;
  };
}
