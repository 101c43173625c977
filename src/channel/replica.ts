import { shareLooks } from '../lib/coalesce.ts';
import type { Update } from '../lib/versioned-value.ts';

/** A copy of what the privileged side has. */
export interface Mirror<T> {
  /** Resolves when the copy is as the original was at some moment after the call. */
  refresh(): Promise<void>;
  current(): T;
  /** Grows with every change of the copy. */
  revision(): number;
}

/**
 * `since` asks for a change since a version, at the end of a `turn` for all who want to know;
 * `first` is what there was at the beginning.
 */
export function createMirror<T>(
  since: (known: number) => Promise<Update>,
  first: Update,
  turn?: () => Promise<void>,
): Mirror<T> {
  let latest = first;
  return {
    refresh: shareLooks(async () => {
      const update = await since(latest.version);
      if ('value' in update) latest = update;
    }, turn),
    current: () => latest.value as T,
    revision: () => latest.version,
  };
}
