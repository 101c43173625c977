import type { SessionSource } from '../../src/sessions/session.ts';
import { createSnapshotSender } from '../../src/sessions/session-wire.ts';
import type { SnapshotRelay } from '../../src/sessions/snapshot-relay.ts';

/** Snapshots of a source in this process, as a scanner would send them. */
export function relayOf({ snapshot }: SessionSource): SnapshotRelay {
  return {
    open: () => {
      const toWire = createSnapshotSender();
      return {
        ask: (scope, wants, onJson) => {
          snapshot(scope, wants).then(
            (seen) => onJson(null, Buffer.from(JSON.stringify(toWire(seen)))),
            (error) => onJson(error, null),
          );
        },
        close: () => {},
      };
    },
  };
}
