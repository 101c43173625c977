/** A caller who has failed too often. Whatever its credentials, they were not looked at. */
export class ThrottledError extends Error {
  override readonly name = 'ThrottledError';
  readonly statusCode = 429;
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super(`Too many failed attempts. Try again in ${retryAfterSeconds} s.`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
