/** What was looked at, and how it is. */
export interface Finding {
  /** In a word or two: "certificate". */
  readonly subject: string;
  /** `ok`; `note`, as it may be meant so; or `mend`, what keeps uapid from doing its work. */
  readonly state: 'ok' | 'note' | 'mend';
  /** How it is, and else what to do. */
  readonly text: string;
  /** Hosts cannot be checked before that is mended: each would be blamed for it. */
  readonly hidesHosts?: true;
}

/** Makes findings about one subject. */
export function about(subject: string) {
  const of = (state: Finding['state']) => (text: string) => ({ subject, state, text }) as const;
  return { ok: of('ok'), note: of('note'), mend: of('mend') };
}
