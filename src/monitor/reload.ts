import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.ts';
import type { Logger } from '../lib/log.ts';

/** What a worker alone is told, so that another worker can be told otherwise. */
const workers = ['logLevel', 'trustedProxies', 'corsOrigins', 'frameAncestors'] as const;

export interface ReloadOptions {
  readonly first: Config;
  /** Reads the configuration anew; throws ConfigError. */
  readonly read: () => Config;
  /** Puts another worker in the place of the one that serves. */
  readonly replaceWorker: () => Promise<void>;
  readonly logger: Logger;
}

export interface Reload {
  /** The configuration that is in force. */
  current(): Config;
  /**
   * Reads it again and takes what a running server can: it says in the log what that is, what waits for
   * the next start, and that a wrong one changes nothing. Never rejects.
   */
  reload(): Promise<void>;
}

/** A configuration that can be read again while a server runs. */
export function createReload({ first, read, replaceWorker, logger }: ReloadOptions): Reload {
  let current = first;

  async function reload(): Promise<void> {
    let next: Config;
    try {
      next = read();
    } catch (error) {
      const { message } = error as Error;
      logger.error({ reason: message }, 'the configuration is wrong, and stays as it was');
      return;
    }
    const keys = Object.keys({ ...current, ...next }) as (keyof Config)[];
    const changed = keys.filter((key) => !isDeepStrictEqual(next[key], current[key]));
    const taken = workers.filter((key) => changed.includes(key));
    const waiting = changed.filter((key) => !taken.some((each) => each === key));
    if (waiting.length > 0)
      logger.warn({ settings: waiting }, 'these settings change at the next start');
    if (taken.length > 0) {
      const { logLevel, trustedProxies, corsOrigins, frameAncestors } = next;
      current = { ...current, logLevel, trustedProxies, corsOrigins, frameAncestors };
      await replaceWorker();
    }
    logger.info({ settings: taken }, 'the configuration was read again');
  }

  let reloading = Promise.resolve();
  return {
    current: () => current,
    reload: () => {
      reloading = reloading.then(reload).catch((error) => {
        logger.error({ err: error }, 'the configuration could not be taken over');
      });
      return reloading;
    },
  };
}
