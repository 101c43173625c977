import { createSnapshotSender } from '../../src/boundary/session-wire.ts';
import type { SessionSource } from '../../src/ftp/session.ts';
import type { SnapshotRelay } from '../../src/scanner/relay.ts';

/** Snapshots of a source in this process, as a scanner would send them. */
export function relayOf({ snapshot }: SessionSource): SnapshotRelay {
  return {
    open: () => {
      const toWire = createSnapshotSender();
      return {
        ask: (owners, onJson) => {
          snapshot(owners).then(
            (seen) => onJson(null, Buffer.from(JSON.stringify(toWire(seen)))),
            (error) => onJson(error, null),
          );
        },
        close: () => {},
      };
    },
  };
}
