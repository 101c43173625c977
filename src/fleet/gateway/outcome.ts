import type { Refusal } from '../messages/answer.ts';
import type { NoAnswer } from '../transport/transport.ts';
import type { HostAnswer } from './read-answer.ts';

/** What became of a question to a host. */
export type HostOutcome =
  | { readonly kind: 'answer'; readonly begunAt: number; readonly answer: HostAnswer }
  | { readonly kind: 'refused'; readonly refusal: string }
  | { readonly kind: 'absent' | 'silent' | 'busy' | 'lost' | 'malformed' | 'not-asked' }
  /** It was not asked, since its request was not signed; or since no request names so many users. */
  | { readonly kind: 'unsigned' | 'too-large' }
  | { readonly kind: 'cloned'; readonly instances: readonly string[] };

/** What a host's own reason is to its gateway: one that has too much to do is asked again, and refuses nothing. */
export function outcomeOfRefusal(
  refusal: Refusal,
): { readonly kind: 'busy' } | { readonly kind: 'refused'; readonly refusal: Refusal } {
  return refusal === 'busy' ? { kind: 'busy' } : { kind: 'refused', refusal };
}

/** What became of a question that has no answer; what a host has sent that is shut out made no sense. */
export function outcomeWithout({ kind }: NoAnswer): {
  readonly kind: 'absent' | 'silent' | 'lost' | 'malformed';
} {
  return { kind: kind === 'shut-out' ? 'malformed' : kind };
}
