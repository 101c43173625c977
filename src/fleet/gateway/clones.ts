import { extraMs } from '../transport/transport.ts';

/** Notices that two machines answer under one name, as those do that were copied with their key. */
export interface CloneWatch {
  /**
   * An answer, also one that came late, to a request that went out at that time (performance.now()). Gives
   * what `clonesOf` would.
   */
  saw(host: string, askedAt: number, instance: string): readonly string[] | null;
  /** The runs of both machines, while two answer; else null. */
  clonesOf(host: string): readonly string[] | null;
}

interface Seen {
  /** Who has answered the newest request. */
  askedAt: number;
  instances: Set<string>;
  /** The run that answered, and the one before it. */
  last: string | null;
  before: string | null;
  clones: readonly string[] | null;
  /** When the first request went out since the last sign of two. */
  quietSince: number | null;
}

/** Both answer each request, the second soon after the first; so long nothing came of it, it is over. */
const quietMs = extraMs + 1_000;

/**
 * A request that two runs answer is one sign; a run that answers again after another one has is the other:
 * a restart never leads back.
 */
export function createCloneWatch(): CloneWatch {
  const hosts = new Map<string, Seen>();

  function stateOf(host: string): Seen {
    const known = hosts.get(host);
    if (known !== undefined) return known;
    const fresh = {
      askedAt: -1,
      instances: new Set<string>(),
      last: null,
      before: null,
      clones: null,
      quietSince: null,
    };
    hosts.set(host, fresh);
    return fresh;
  }

  function clonesIn(state: Seen): readonly string[] | null {
    if (state.clones === null) return null;
    const { quietSince } = state;
    if (quietSince !== null && state.askedAt - quietSince > quietMs) {
      state.clones = null;
      state.before = null;
    }
    return state.clones;
  }

  return {
    saw: (host, askedAt, instance) => {
      const state = stateOf(host);
      if (askedAt > state.askedAt) {
        state.askedAt = askedAt;
        // Anew only where it has to be: a set that is cleared takes new memory.
        if (state.instances.size > 1 || !state.instances.has(instance)) state.instances.clear();
        state.quietSince ??= askedAt;
      }
      if (askedAt === state.askedAt) state.instances.add(instance);
      const hasReturned = instance !== state.last && instance === state.before;
      if (state.instances.size > 1 || hasReturned) {
        const both = [...state.instances, state.last, instance];
        state.clones = [...new Set(both.filter((each) => each !== null))].sort().slice(0, 2);
        state.quietSince = null;
      }
      if (instance !== state.last) {
        state.before = state.last;
        state.last = instance;
      }
      return clonesIn(state);
    },
    clonesOf: (host) => {
      const state = hosts.get(host);
      return state === undefined ? null : clonesIn(state);
    },
  };
}
