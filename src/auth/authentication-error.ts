/** A caller who could not show who he is. Says nothing of what was wrong. */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
  readonly statusCode = 401;

  constructor() {
    super('Access denied. Valid credentials are required.');
  }
}
