import type { HostEndOutcome, SessionEnder } from './session-ender.ts';

/** How many sessions that were to be ended came to which outcome. */
export type EndingCounts = Record<HostEndOutcome, number>;

export function createEndingCounts(): EndingCounts {
  return { ended: 0, killed: 0, remains: 0, gone: 0, denied: 0 };
}

/** The same ender, which adds its outcomes to `counts`. */
export function countEndings(ender: SessionEnder, counts: EndingCounts): SessionEnder {
  return {
    end: async (identities, scope) => {
      const results = await ender.end(identities, scope);
      for (const { outcome } of results) {
        if (outcome !== 'refused' && outcome !== 'unconfirmed') counts[outcome] += 1;
      }
      return results;
    },
  };
}
