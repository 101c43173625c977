import type { NatsConnection } from '@nats-io/transport-node';

/** Tells whether the messaging server is there at this moment, by what comes from it. */
export interface ServerHeartbeat {
  /** Something has come. */
  beat(): void;
  /** Whether it answers a ping, or something else comes meanwhile. */
  isAlive(connection: Pick<NatsConnection, 'flush'>): Promise<boolean>;
}

/** A server that is well answers in a millisecond, and what it has sent before goes first. */
const defaultWithinMs = 1_000;

/**
 * A host that does not answer is one thing, and a messaging server that hangs or is cut off another: its connection
 * is given up after its own pings, and until then looks well. So it is asked before a host is told silent, once for
 * all that are told so at a time.
 */
export function createServerHeartbeat(withinMs = defaultWithinMs): ServerHeartbeat {
  let count = 0;
  let asking: Promise<boolean> | null = null;

  function ask(connection: Pick<NatsConnection, 'flush'>): Promise<boolean> {
    const before = count;
    return new Promise((resolve) => {
      // What lies in the socket is read first: this process may have been busy.
      const timer = setTimeout(() => setImmediate(() => resolve(count > before)), withinMs);
      const end = (isAlive: boolean) => {
        clearTimeout(timer);
        resolve(isAlive);
      };
      connection.flush().then(
        () => end(true),
        () => end(false),
      );
    });
  }

  return {
    beat: () => {
      count += 1;
    },
    isAlive: (connection) => {
      asking ??= ask(connection).finally(() => {
        asking = null;
      });
      return asking;
    },
  };
}
