/** A text with {placeholders}; or one for each plural of the language, chosen by the value `count`. */
export type Message = string | Readonly<Record<string, string>>;

export type Values = Readonly<Record<string, string | number>>;

/**
 * Fills a message of a language, whose plurals are those of the Unicode CLDR
 * (https://cldr.unicode.org/index/cldr-spec/plural-rules). A placeholder without a value stays.
 */
export function fillMessage(message: Message, language: string, values: Values): string {
  return pick(message, language, values).replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = values[name];
    if (value === undefined) return placeholder;
    return typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : value;
  });
}

function pick(message: Message, language: string, { count }: Values): string {
  if (typeof message === 'string') return message;
  const plural = new Intl.PluralRules(language).select(Number(count));
  return message[plural] ?? message['other'] ?? '';
}
