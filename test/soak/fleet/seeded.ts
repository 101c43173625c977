import { createHash } from 'node:crypto';

/** Numbers from 0 to below 1 that a seed and a name decide: the same again in another run. */
export function createSeeded(seed: number, name: string): () => number {
  let turn = 0;
  return () => {
    turn += 1;
    const digest = createHash('sha256').update(`${seed} ${name} ${turn}`).digest();
    return digest.readUInt32LE(0) / 2 ** 32;
  };
}

/** The items in an order that the numbers decide. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}
