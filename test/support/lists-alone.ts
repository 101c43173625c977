import assert from 'node:assert/strict';
import type { AgentFacts } from '../../src/fleet/agent/answer-ask.ts';

/** What an agent of a fleet has beside its sessions that is asked for those alone, and knows no system user. */
export const listsAlone: Pick<AgentFacts, 'enderFor' | 'past' | 'systemUsers'> = {
  enderFor: () => assert.fail('nobody is ended'),
  past: { read: () => assert.fail('nobody reads the log') },
  systemUsers: {
    refresh: () => {},
    uidsOf: async () => new Map(),
    namesOf: async () => new Map(),
  },
};
