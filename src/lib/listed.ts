/** So many are named. */
const maxNamed = 3;

/** Texts in a sentence: the first three, and how many more there are. */
export function listed(texts: readonly string[], separator = ', '): string {
  const rest = texts.length - maxNamed;
  if (rest <= 0) return texts.join(separator);
  return `${texts.slice(0, maxNamed).join(separator)} and ${rest} more`;
}
