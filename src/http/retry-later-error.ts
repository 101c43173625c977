/** A request that is refused for now; the caller is told why, and when to come again. */
export class RetryLaterError extends Error {
  override readonly name = 'RetryLaterError';
  readonly statusCode: 429 | 503;
  /** Whole seconds from 1, for Retry-After. */
  readonly retryAfterSeconds: number;

  constructor(statusCode: 429 | 503, why: string, retryAfterSeconds: number) {
    super(`${why} Try again in ${retryAfterSeconds} s.`);
    this.statusCode = statusCode;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
