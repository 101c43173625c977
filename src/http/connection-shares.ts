import type { Socket } from 'node:net';

/** An open connection as its server sees it. */
export interface Connection {
  /** The TLS socket once there is one. */
  socket: Socket;
  readonly peer: Peer;
  /** Whether a request of it was let in by its credentials. */
  isLetIn: boolean;
  /** Requests that have no answer yet. */
  requests: number;
}

/** A client's connections, each kind with the one that had an answer last at the end. */
export interface Peer {
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
  const peers = new Map<string, Peer>();
  const byScore: Set<Peer>[] = [];
  let top = 0;
  let size = 0;

  function rescore(peer: Peer): void {
    byScore[peer.score]?.delete(peer);
    if (peer.strangers.size + peer.letIn.size === 0) {
      peers.delete(peer.key);
      return;
    }
    peer.score = peer.strangers.size + excessOf(peer);
    byScore[peer.score] ??= new Set();
    byScore[peer.score]?.add(peer);
    top = Math.max(top, peer.score);
  }

  const excessOf = ({ letIn }: Peer) => Math.max(0, letIn.size - share);
  const setOf = ({ isLetIn, peer }: Connection) => (isLetIn ? peer.letIn : peer.strangers);

  function largest(): Peer | undefined {
    while (top > 0 && !byScore[top]?.size) top -= 1;
    if (top > 0) return byScore[top]?.values().next().value;
    let found: Peer | undefined;
    for (const peer of peers.values()) {
      if (found === undefined || peer.letIn.size > found.letIn.size) found = peer;
    }
    return found;
  }

  return {
    get size() {
      return size;
    },

    add(key: string, socket: Socket): Connection {
      const peer = peers.get(key) ?? newPeer(key);
      peers.set(key, peer);
      const connection = { socket, peer, isLetIn: false, requests: 0 };
      peer.strangers.add(connection);
      size += 1;
      rescore(peer);
      return connection;
    },

    /** Takes a connection out; nothing when it is out already. */
    remove(connection: Connection): void {
      if (!setOf(connection).delete(connection)) return;
      size -= 1;
      rescore(connection.peer);
    },

    /** Notes that a connection has had an answer. */
    moveToEnd(connection: Connection): void {
      const own = setOf(connection);
      if (own.delete(connection)) own.add(connection);
    },

    /** Notes that a request of a stranger was let in. */
    letIn(connection: Connection): void {
      const { peer } = connection;
      connection.isLetIn = true;
      if (!peer.strangers.delete(connection)) return;
      peer.letIn.add(connection);
      rescore(peer);
    },

    /**
     * The connection that is to make room: the largest client's that had its last answer longest ago,
     * or else came first; of those that were let in one without a request, if there is one.
     */
    first(): Connection | undefined {
      const peer = largest();
      if (peer === undefined) return undefined;
      const { strangers, letIn } = peer;
      if (strangers.size > 0 && strangers.size >= excessOf(peer)) return firstOf(strangers);
      for (const connection of letIn) if (connection.requests === 0) return connection;
      return firstOf(letIn);
    },

    *all(): Iterable<Connection> {
      for (const { strangers, letIn } of peers.values()) {
        yield* strangers;
        yield* letIn;
      }
    },
  };
}

function newPeer(key: string): Peer {
  return { key, strangers: new Set(), letIn: new Set(), score: 0 };
}

function firstOf<T>(all: Iterable<T>): T | undefined {
  const [first] = all;
  return first;
}
