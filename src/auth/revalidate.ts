import type { FastifyRequest } from 'fastify';

/*
 * Accounts, tokens and roles are the monitor's; this process has a copy. A request that changes
 * nothing is authenticated against the copy, and its call is made, without asking first: the answer
 * to the call's own question says whether the copy was right. Only then is it sent; else all of it is
 * done again. Nobody is refused by a copy that was not revalidated either.
 */

/** What the copy was at some moment. */
export interface Moment {
  /** Another one after each change. */
  readonly version: number;
  /** The last question that had been asked. */
  readonly asked: number;
}

/** What this process knows of accounts, tokens, roles and system users. */
export interface KnownState {
  now(): Moment;
  /**
   * Whether what is known is still what it was at `since`, once the answer to a question that was
   * asked later has told how it is. Asks when none has come. Rejects when nobody answers.
   */
  revalidate(since: Moment): boolean | Promise<boolean>;
}

/**
 * Whether what a request was authenticated by still was so after it came in; from then on it rests on
 * revalidated state. Rejects with an error of status 500 when nobody tells.
 */
export function revalidate(request: FastifyRequest, state: KnownState): boolean | Promise<boolean> {
  const { restsOn } = request;
  if (restsOn === null) return true;
  const isSame = state.revalidate(restsOn);
  if (!(isSame instanceof Promise)) {
    request.restsOn = null;
    return isSame;
  }
  return isSame.then(
    (same) => {
      request.restsOn = null;
      return same;
    },
    (cause) => {
      // The Basic plugin makes a 401 of any error that has no status of its own.
      const failure = new Error('the state cannot be revalidated', { cause });
      throw Object.assign(failure, { statusCode: 500 });
    },
  );
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What the copy was that it was authenticated by; null when that is revalidated. */
    restsOn: Moment | null;
  }
}
