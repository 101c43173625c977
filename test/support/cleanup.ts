/** What ends things behind a test: its context, or a list for what many tests share. */
export interface Cleanup {
  after(ends: () => unknown): void;
}

/** A list of what ends things, for those that are begun before all tests of a file. */
export function createCleanup(): Cleanup & { readonly run: () => Promise<void> } {
  const all: (() => unknown)[] = [];
  return {
    after: (ends) => void all.push(ends),
    run: async () => {
      for (const each of all.splice(0)) await each();
    },
  };
}
