/** English is what a reader gets whose languages are all unknown. */
export const defaultLanguage = 'en';

/**
 * Which of the languages a request asks for first (RFC 9110, section 12.5.4, by the lookup of RFC 4647,
 * section 3.4: "de-AT" is served by "de"); English where it names none of them.
 */
export function chooseLanguage(
  acceptLanguage: string | undefined,
  languages: readonly string[],
): string {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .slice(0, maxRanges)
    .map((range) => {
      const [tag = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return {
        language: tag.split('-')[0] ?? '',
        weight: weight === undefined ? 1 : Number(weight),
      };
    })
    .filter(({ language, weight }) => weight > 0 && languages.includes(language))
    .toSorted((a, b) => b.weight - a.weight);
  return wanted[0]?.language ?? defaultLanguage;
}

/** Browsers name a few; what somebody else makes up is not read to its end. */
const maxRanges = 20;
