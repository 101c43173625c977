import { hash, randomBytes } from 'node:crypto';

/** A name and a password as somebody sent them, and the state of the store they are held against. */
export interface Credentials {
  readonly name: string;
  readonly password: string;
  /**
   * Differs whenever the account's stored hash does; the hash itself will do. Read it before the
   * password is verified: a change meanwhile then makes what is cached worthless.
   */
  readonly generation: string;
}

/** Remembers for a while which credentials were right, so that not every request costs a hash. */
export interface CredentialCache {
  /** True when exactly these were verified less than `forMs` ago. */
  wasVerified(credentials: Credentials): boolean;
  /** To be told of a success only: what was wrong is never kept. */
  add(credentials: Credentials): void;
  /**
   * Runs the attempt, or joins the one under way of the same credentials from the same client: a
   * client that opens with many requests at once makes one attempt, and a guesser who repeats a
   * guess learns no more than from one. The attempt is told by `isWanted` whether any of those that
   * joined it is still there; once told that none is, it must come to nothing.
   */
  join<T>(joining: Joining, attempt: (isWanted: () => boolean) => Promise<T>): Promise<T>;
  readonly size: number;
}

/** Somebody who shows credentials. */
export interface Joining {
  /** What counts as one client. */
  readonly client: string;
  readonly credentials: Credentials;
  /** Its connection; destroyed when nobody waits on it any more. */
  readonly connection: { readonly destroyed: boolean };
}

/** An attempt, and the connections that wait for its outcome. */
interface Attempt {
  outcome: Promise<unknown>;
  readonly connections: Joining['connection'][];
}

export interface CredentialCacheOptions {
  /** Counted from the verification; use does not prolong it. */
  readonly forMs: number;
  /** The oldest makes room for one more. */
  readonly maxEntries: number;
}

const defaults: CredentialCacheOptions = { forMs: 60_000, maxEntries: 10_000 };

/**
 * A cache of its own key, which neither leaves it nor outlives it: what a dump shows of its entries,
 * beside the stored hashes that this process has anyway, can be held against no dictionary. `now` gives milliseconds from any beginning and never goes back.
 */
export function createCredentialCache(
  { forMs, maxEntries }: CredentialCacheOptions = defaults,
  now: () => number = () => performance.now(),
): CredentialCache {
  const key = randomBytes(32).toString('base64');
  // When each expires, by digest. All live equally long, so the order of entry is that of expiry.
  const verified = new Map<string, number>();
  const underWay = new Map<string, Attempt>();
  const digests = new WeakMap<Credentials, string>();

  /**
   * JSON keeps the parts apart, whatever is in them, and halves of surrogate pairs different. The key
   * stands in front instead of in an HMAC, which takes three times as long for every request: nobody
   * is given a digest, so none can be lengthened.
   */
  const digestOf = (credentials: Credentials): string => {
    const known = digests.get(credentials);
    if (known !== undefined) return known;
    const { generation, name, password } = credentials;
    const digest = hash('sha256', JSON.stringify([key, generation, name, password]), 'base64');
    digests.set(credentials, digest);
    return digest;
  };

  function forget(at: number): void {
    for (const [digest, expiresAt] of verified) {
      if (expiresAt > at && verified.size <= maxEntries) return;
      verified.delete(digest);
    }
  }

  function begin<T>(
    id: string,
    connection: Joining['connection'],
    attempt: (isWanted: () => boolean) => Promise<T>,
  ): Promise<T> {
    const connections = [connection];
    const entry: Attempt = { outcome: Promise.resolve(), connections };
    const end = () => {
      if (underWay.get(id) === entry) underWay.delete(id);
    };
    const isWanted = () => {
      while (connections.at(-1)?.destroyed) connections.pop();
      // Nobody may join what comes to nothing.
      if (connections.length === 0) end();
      return connections.length > 0;
    };
    underWay.set(id, entry);
    const outcome = attempt(isWanted).finally(end);
    entry.outcome = outcome;
    return outcome;
  }

  return {
    wasVerified(credentials) {
      forget(now());
      return verified.has(digestOf(credentials));
    },

    add(credentials) {
      const digest = digestOf(credentials);
      const at = now();
      verified.delete(digest);
      verified.set(digest, at + forMs);
      forget(at);
    },

    join<T>(
      { client, credentials, connection }: Joining,
      attempt: (isWanted: () => boolean) => Promise<T>,
    ): Promise<T> {
      const id = `${client} ${digestOf(credentials)}`;
      const running = underWay.get(id);
      if (running === undefined) return begin(id, connection, attempt);
      running.connections.push(connection);
      return running.outcome as Promise<T>;
    },

    get size() {
      return verified.size;
    },
  };
}
