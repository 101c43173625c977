import type { Duplex } from 'node:stream';
import { connectMonitor } from '../../src/channel/client.ts';
import { createReplica } from '../../src/channel/replica.ts';

/** The worker's end of a channel, with a copy of the state and nothing that changes beside it. */
export function connectWorker(channel: Duplex) {
  const replica = createReplica<unknown>({ refresh: () => {}, revision: () => 0 });
  return { ...connectMonitor(channel, { replica }), replica };
}
