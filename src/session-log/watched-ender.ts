import { type SessionEnder, wasEnded } from '../sessions/session-ender.ts';
import type { ToRecorder } from './messages.ts';

/**
 * The same ender; the recorder is told beforehand which processes are to be ended by it, and
 * afterwards which of them were not, so that it does not take their own end for that.
 */
export function watchEnder(ender: SessionEnder, send: (message: ToRecorder) => void): SessionEnder {
  return {
    end: async (identities, scope) => {
      const pids = identities.map(({ pid }) => pid);
      let ended = new Set<number>();
      send({ event: 'ending', pids });
      try {
        const results = await ender.end(identities, scope);
        ended = new Set(
          results.flatMap(({ identity, outcome }) => (wasEnded(outcome) ? identity.pid : [])),
        );
        return results;
      } finally {
        send({ event: 'spared', pids: pids.filter((pid) => !ended.has(pid)) });
      }
    },
  };
}
