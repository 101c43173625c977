interface Operation {
  /** In any of the styles here: list_sessions, listaccts. */
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** The method that a client would take by itself; the other one is named. */
  readonly usual?: 'GET' | 'POST';
  /** The URL form, where that is not /execute: "wrapped" of list_sessions is listSessionsWrapped. */
  readonly form?: string;
}

/** The operationId of an operation, which generated clients make the name of a function: listSessions. */
export function operationId({ name, method, usual = 'GET', form = '' }: Operation): string {
  const by = method === usual ? '' : `by_${method.toLowerCase()}`;
  const words = `${name}_${form}_${by}`.split('_').filter((word) => word !== '');
  return words.map((word, index) => (index === 0 ? word : capitalized(word))).join('');
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
