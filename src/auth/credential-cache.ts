import { hash, randomBytes } from 'node:crypto';

/** A name and a password as somebody sent them, and the state of the store they are held against. */
export interface Credentials {
  readonly name: string;
  readonly password: string;
  /**
   * Differs whenever the account's stored hash does; the hash itself will do. Read it before the
   * password is verified: a change meanwhile then makes what is remembered worthless.
   */
  readonly generation: string;
}

/** Remembers for a while which credentials were right, so that not every request costs a hash. */
export interface CredentialCache {
  /** True when exactly these were verified less than `forMs` ago. */
  wasVerified(credentials: Credentials): boolean;
  /** To be told of a success only: what was wrong is never kept. */
  remember(credentials: Credentials): void;
  /**
   * Notes that a connection was let in by an Authorization header: with the credentials that it
   * shows, or null for a token.
   */
  noteHeader(connection: object, header: string, credentials: Credentials | null): void;
  /**
   * What a header shows, if it is to the letter the last one by which this connection was let in and
   * its credentials still count as verified: null for a token, which is to be verified anew.
   * Undefined for any other header.
   */
  recall(connection: object, header: string): Recalled | null | undefined;
  /**
   * Runs the attempt, or joins the one under way of the same credentials from the same client: a
   * client that opens with many requests at once makes one attempt, and a guesser who repeats a
   * guess learns no more than from one. The attempt is told by `isWanted` whether any of those who
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

/** An attempt, and those who wait for its outcome. */
interface Attempt {
  outcome: Promise<unknown>;
  readonly connections: Joining['connection'][];
}

export type Recalled = Pick<Credentials, 'name' | 'generation'>;

interface Entry extends Recalled {
  readonly expiresAt: number;
}

/** By which header a connection was let in last, and the credentials in it: digests of both. */
interface LetIn {
  readonly header: string;
  readonly credentials: string | null;
}

export interface CredentialCacheOptions {
  /** Counted from the verification; use does not prolong it. */
  readonly forMs: number;
  /** The oldest makes room for one more. */
  readonly most: number;
}

const usual: CredentialCacheOptions = { forMs: 60_000, most: 10_000 };

/**
 * A cache of its own key, which neither leaves it nor outlives it: what a dump shows of its entries,
 * beside the stored hashes that this process has anyway, can be held against no dictionary. `now` gives milliseconds from any beginning and never goes back.
 */
export function createCredentialCache(
  { forMs, most }: CredentialCacheOptions = usual,
  now: () => number = () => performance.now(),
): CredentialCache {
  const key = randomBytes(32).toString('base64');
  // By digest. All live equally long, so the order of entry is the order of expiry.
  const verified = new Map<string, Entry>();
  const connections = new WeakMap<object, LetIn>();
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

  /** The credentials' own text goes on with JSON's bracket and not with the key. */
  const digestOfHeader = (header: string) => hash('sha256', `${key} ${header}`, 'base64');

  function forget(at: number): void {
    for (const [digest, { expiresAt }] of verified) {
      if (expiresAt > at && verified.size <= most) return;
      verified.delete(digest);
    }
  }

  function find(digest: string): Entry | undefined {
    forget(now());
    return verified.get(digest);
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
    wasVerified: (credentials) => find(digestOf(credentials)) !== undefined,

    remember(credentials) {
      const digest = digestOf(credentials);
      const { name, generation } = credentials;
      const at = now();
      verified.delete(digest);
      verified.set(digest, { name, generation, expiresAt: at + forMs });
      forget(at);
    },

    noteHeader(connection, header, credentials) {
      const shown = credentials === null ? null : digestOf(credentials);
      connections.set(connection, { header: digestOfHeader(header), credentials: shown });
    },

    recall(connection, header) {
      const last = connections.get(connection);
      if (last === undefined || last.header !== digestOfHeader(header)) return undefined;
      return last.credentials === null ? null : find(last.credentials);
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
