import type { Duplex } from 'node:stream';
import type { SessionSource, Snapshot } from '../ftp/session.ts';
import { shareLooks } from '../ftp/shared-look.ts';
import type { Update } from './feed.ts';
import { receiveFrames, sendFrame } from './frames.ts';
import {
  type Asked,
  type Event,
  longestFromPrivilegedSide,
  mostOwners,
  type Reply,
} from './messages.ts';
import { createSnapshotReceiver, type WireSnapshot } from './session-wire.ts';

/** The HTTP side's end of the channel. */
export interface PrivilegedClient {
  readonly sessions: SessionSource;
  /** Asks for a change of the state or the key pair since a version. */
  since(verb: 'state' | 'key-pair', known: number): Promise<Update>;
  tell(event: Event): void;
}

/** Asks the privileged side over a channel. `onValue` gets what it says unasked. */
export function connectPrivilegedSide(
  channel: Duplex,
  onValue: (value: unknown) => void,
): PrivilegedClient {
  const waiting = new Map<number, PromiseWithResolvers>();
  let lastId = 0;
  const fromWire = createSnapshotReceiver();

  /** `read` is called in the order in which answers come. */
  function ask<T>(asked: Asked, read: (value: unknown) => T): Promise<T> {
    lastId += 1;
    const id = lastId;
    sendFrame(channel, JSON.stringify({ id, ...asked }));
    return new Promise((resolve, reject) => {
      const readValue = (value: unknown) => {
        try {
          resolve(read(value));
        } catch (error) {
          reject(error);
        }
      };
      waiting.set(id, { resolve: readValue, reject });
    });
  }

  receiveFrames(channel, longestFromPrivilegedSide, {
    onFault: (error) => channel.destroy(error),
    onValue: (value) => {
      if (!isReply(value)) {
        onValue(value);
        return;
      }
      const asker = waiting.get(value.id);
      waiting.delete(value.id);
      if ('error' in value) asker?.reject(new Error(value.error));
      else asker?.resolve(value.value);
    },
  });

  const looks = new Map<string, () => Promise<Snapshot>>();
  return {
    sessions: {
      // Callers for the same owners share the next answer, as the looks behind it are shared.
      snapshot: (owners) => {
        if (owners !== null && owners.length > mostOwners) {
          return Promise.reject(new Error(`more than ${mostOwners} owners were asked for at once`));
        }
        const key = String(owners);
        const look =
          looks.get(key) ??
          shareLooks(() =>
            ask({ verb: 'snapshot', owners }, (value) => fromWire(value as WireSnapshot)),
          );
        looks.set(key, look);
        return look();
      },
    },
    since: (verb, known) => ask({ verb, known }, (value) => value as Update),
    tell: (event) => sendFrame(channel, JSON.stringify(event)),
  };
}

interface PromiseWithResolvers {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

function isReply(value: unknown): value is Reply {
  return typeof value === 'object' && value !== null && 'id' in value;
}
