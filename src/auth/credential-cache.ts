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
  /** Notes which Authorization header showed credentials; for as long as these count as verified. */
  rememberHeader(header: string, credentials: Credentials): void;
  /**
   * Whose credentials a header shows, if it is to the letter one that is noted; undefined otherwise.
   * They count for nothing unless the account's generation is still this one.
   */
  recall(header: string): Recalled | undefined;
  /**
   * Runs the attempt, or joins the one under way of the same credentials from the same client: a
   * client that opens with many requests at once makes one attempt, and a guesser who repeats a
   * guess learns no more than from one.
   */
  join<T>(client: string, credentials: Credentials, attempt: () => Promise<T>): Promise<T>;
  readonly size: number;
}

export type Recalled = Pick<Credentials, 'name' | 'generation'>;

export interface CredentialCacheOptions {
  /** Counted from the verification; use does not prolong it. */
  readonly forMs: number;
  /** The oldest makes room for one more. */
  readonly most: number;
}

const usual: CredentialCacheOptions = { forMs: 60_000, most: 10_000 };

/**
 * A cache of its own key, which neither leaves it nor outlives it: what a dump of its entries shows
 * can be held against no dictionary. `now` gives milliseconds from any beginning and never goes back.
 */
export function createCredentialCache(
  { forMs, most }: CredentialCacheOptions = usual,
  now: () => number = () => performance.now(),
): CredentialCache {
  const key = randomBytes(32).toString('base64');
  // By digest. All live equally long, so the order of entry is the order of expiry, but for headers,
  // which are noted later and end with their credentials.
  const verified = new Map<string, Recalled & { readonly expiresAt: number }>();
  const underWay = new Map<string, Promise<unknown>>();
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

  /** No text of credentials begins as JSON's array does and as the key. */
  const digestOfHeader = (header: string) => hash('sha256', `${key} ${header}`, 'base64');

  function forget(at: number): void {
    for (const [entry, { expiresAt }] of verified) {
      if (expiresAt > at && verified.size <= most) return;
      verified.delete(entry);
    }
  }

  function find(entry: string) {
    const at = now();
    forget(at);
    const found = verified.get(entry);
    return found !== undefined && found.expiresAt > at ? found : undefined;
  }

  async function finish<T>(id: string, attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } finally {
      underWay.delete(id);
    }
  }

  return {
    wasVerified: (credentials) => find(digestOf(credentials)) !== undefined,

    remember(credentials) {
      const entry = digestOf(credentials);
      const { name, generation } = credentials;
      const at = now();
      verified.delete(entry);
      verified.set(entry, { name, generation, expiresAt: at + forMs });
      forget(at);
    },

    rememberHeader(header, credentials) {
      const found = find(digestOf(credentials));
      if (found === undefined) return;
      const entry = digestOfHeader(header);
      verified.delete(entry);
      verified.set(entry, found);
      forget(now());
    },

    recall: (header) => find(digestOfHeader(header)),

    join<T>(client: string, credentials: Credentials, attempt: () => Promise<T>): Promise<T> {
      const id = `${client} ${digestOf(credentials)}`;
      const running = underWay.get(id);
      if (running !== undefined) return running as Promise<T>;
      const started = finish(id, attempt);
      underWay.set(id, started);
      return started;
    },

    get size() {
      return verified.size;
    },
  };
}
