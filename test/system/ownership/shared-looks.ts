import type { SessionSource, Snapshot } from '../../../src/sessions/session.ts';

/** So many callers share a look: more than are on their way at the same time, fewer than one test has. */
const callersOfALook = 400;

/** Looks that callers share beyond those that came while one went on. */
export interface SharedLooks extends SessionSource {
  /** From now on callers are given looks that begin later. */
  renew(): void;
}

/**
 * For tests that ask thousands of questions while nothing changes: of one scope each real look answers
 * hundreds of callers, whatever else they want of it. Whoever changes something says `renew`.
 */
export function shareLooks({ snapshot }: SessionSource): SharedLooks {
  const looks = new Map<string, { readonly taken: Promise<Snapshot>; callers: number }>();
  return {
    renew: () => looks.clear(),
    snapshot: (scope, wants = {}) => {
      const key = JSON.stringify([scope, wants]);
      let look = looks.get(key);
      if (look === undefined || look.callers === callersOfALook) {
        look = { taken: snapshot(scope, wants), callers: 0 };
        looks.set(key, look);
      }
      look.callers += 1;
      return look.taken;
    },
  };
}
