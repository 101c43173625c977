import type { HostAnswer } from './read-answer.ts';

/** What became of a question to a host. */
export type HostOutcome =
  | { readonly kind: 'answer'; readonly begunAt: number; readonly answer: HostAnswer }
  | { readonly kind: 'refused'; readonly refusal: string }
  | { readonly kind: 'absent' | 'silent' | 'lost' | 'malformed' | 'not-asked' }
  /** It was not asked, since its request was not signed; or since no request names so many users. */
  | { readonly kind: 'unsigned' | 'too-large' }
  | { readonly kind: 'cloned'; readonly instances: readonly string[] };
