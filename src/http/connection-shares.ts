import type { Socket } from 'node:net';

/** An open connection as its server sees it. */
export interface Connection {
  /** The TLS socket once there is one. */
  socket: Socket;
  readonly holder: Holder;
  /** Whether a request of it was let in by its credentials. */
  isLetIn: boolean;
  /** Requests that have no answer yet. */
  requests: number;
}

/** A client's connections, each kind with the one that had an answer last at the end. */
export interface Holder {
  readonly key: string;
  readonly strangers: Set<Connection>;
  readonly letIn: Set<Connection>;
  /** By how many connections it is to be called large. */
  score: number;
}

/**
 * Connections by client, so that the largest client can make room. A client's size is the number of
 * its connections; of those that were let in only what is above the share counts, so a crowd of
 * strangers, each with one connection, pushes out none of them. Every step takes the same time however
 * many there are, but where all clients keep to their share.
 */
export function createShares(share: number) {
  const holders = new Map<string, Holder>();
  const byScore: Set<Holder>[] = [];
  let top = 0;
  let size = 0;

  function rescore(holder: Holder): void {
    byScore[holder.score]?.delete(holder);
    if (holder.strangers.size + holder.letIn.size === 0) {
      holders.delete(holder.key);
      return;
    }
    holder.score = holder.strangers.size + excessOf(holder);
    byScore[holder.score] ??= new Set();
    byScore[holder.score]?.add(holder);
    top = Math.max(top, holder.score);
  }

  const excessOf = ({ letIn }: Holder) => Math.max(0, letIn.size - share);
  const setOf = ({ isLetIn, holder }: Connection) => (isLetIn ? holder.letIn : holder.strangers);

  function largest(): Holder | undefined {
    while (top > 0 && !byScore[top]?.size) top -= 1;
    if (top > 0) return byScore[top]?.values().next().value;
    let found: Holder | undefined;
    for (const holder of holders.values()) {
      if (found === undefined || holder.letIn.size > found.letIn.size) found = holder;
    }
    return found;
  }

  return {
    get size() {
      return size;
    },

    add(key: string, socket: Socket): Connection {
      const holder = holders.get(key) ?? newHolder(key);
      holders.set(key, holder);
      const connection = { socket, holder, isLetIn: false, requests: 0 };
      holder.strangers.add(connection);
      size += 1;
      rescore(holder);
      return connection;
    },

    /** Takes a connection out; nothing when it is out already. */
    remove(connection: Connection): void {
      if (!setOf(connection).delete(connection)) return;
      size -= 1;
      rescore(connection.holder);
    },

    /** Notes that a connection has had an answer. */
    moveToEnd(connection: Connection): void {
      const own = setOf(connection);
      if (own.delete(connection)) own.add(connection);
    },

    /** Notes that a request of a stranger was let in. */
    letIn(connection: Connection): void {
      const { holder } = connection;
      connection.isLetIn = true;
      if (!holder.strangers.delete(connection)) return;
      holder.letIn.add(connection);
      rescore(holder);
    },

    /**
     * The connection that is to make room: the largest client's that had its last answer longest ago,
     * or else came first; of those that were let in one without a request, if there is one.
     */
    first(): Connection | undefined {
      const holder = largest();
      if (holder === undefined) return undefined;
      const { strangers, letIn } = holder;
      if (strangers.size > 0 && strangers.size >= excessOf(holder)) return firstOf(strangers);
      for (const connection of letIn) if (connection.requests === 0) return connection;
      return firstOf(letIn);
    },

    *all(): Iterable<Connection> {
      for (const { strangers, letIn } of holders.values()) {
        yield* strangers;
        yield* letIn;
      }
    },
  };
}

function newHolder(key: string): Holder {
  return { key, strangers: new Set(), letIn: new Set(), score: 0 };
}

function firstOf<T>(all: Iterable<T>): T | undefined {
  const [first] = all;
  return first;
}
