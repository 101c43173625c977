/** Things to choose from, each with its weight. */
export type Choices<T> = readonly (readonly [T, weight: number])[];

/** A number from `low` to below `high`. */
export function between(low: number, high: number): number {
  return low + Math.random() * (high - low);
}

/** One of these at random, by their weights. */
export function pick<T>(choices: Choices<T>): T {
  const sum = choices.reduce((total, [, weight]) => total + weight, 0);
  let at = between(0, sum);
  const chosen = choices.find(([, weight]) => {
    at -= weight;
    return at < 0;
  });
  if (chosen === undefined) throw new Error('There is nothing to choose from');
  return chosen[0];
}
