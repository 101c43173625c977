import type { SessionIdentity } from '../sessions/identity.ts';
import { type SessionEnder, wasEnded } from '../sessions/session-ender.ts';
import type { EndingProcess, ToRecorder } from './messages.ts';

/**
 * The same ender; the recorder is told beforehand which processes are to be ended by it, and
 * afterwards which of them were not, so that it does not take their own end for that.
 */
export function watchEnder(ender: SessionEnder, send: (message: ToRecorder) => void): SessionEnder {
  return {
    end: async (identities, scope) => {
      let spared = identities.map(toProcess);
      send({ event: 'ending', processes: spared });
      try {
        const results = await ender.end(identities, scope);
        spared = results.flatMap(({ identity, outcome }) =>
          wasEnded(outcome) ? [] : toProcess(identity),
        );
        return results;
      } finally {
        send({ event: 'spared', processes: spared });
      }
    },
  };
}

const toProcess = ({ pid, startTime: start }: SessionIdentity): EndingProcess => ({ pid, start });
