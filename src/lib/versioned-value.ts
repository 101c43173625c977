/** What `since` answers: the value only when the asker does not have it yet. */
export interface Update {
  readonly version: number;
  readonly value?: unknown;
}

/** Something that changes now and then and is told only after a change. */
export interface VersionedValue {
  /** `known` is the version that the asker has; 0 for none. */
  since(known: number): Update;
}

/**
 * A feed of what `read` returns at each asking. A new version begins when `read` returns another
 * object, or one of the other values among its entries, than the last time.
 */
export function createVersionedValue(
  read: () => Readonly<Record<string, unknown>> | null,
): VersionedValue {
  let version = 0;
  let last: Readonly<Record<string, unknown>> | null | undefined;
  return {
    since: (known) => {
      const value = read();
      if (last === undefined || !isSame(value, last)) {
        version += 1;
        last = value;
      }
      return known === version ? { version } : { version, value };
    },
  };
}

function isSame(
  a: Readonly<Record<string, unknown>> | null,
  b: Readonly<Record<string, unknown>> | null,
): boolean {
  if (a === null || b === null) return a === b;
  return Object.keys(a).every((key) => a[key] === b[key]);
}
