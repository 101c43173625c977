/** The texts that were added last, up to a number of them. */
export interface LastOnes {
  add(text: string): void;
  has(text: string): boolean;
}

/** Remembers so many texts, and forgets the oldest for each that is more, in one step. */
export function createLastOnes(max: number): LastOnes {
  const texts = new Set<string>();
  return {
    add(text) {
      texts.add(text);
      if (texts.size <= max) return;
      const [oldest] = texts;
      if (oldest !== undefined) texts.delete(oldest);
    },
    has: (text) => texts.has(text),
  };
}
