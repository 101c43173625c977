/** Too many bodies are on their way, and this one's sender takes most of the room. */
export class BodyBudgetError extends Error {
  override readonly name = 'BodyBudgetError';
  readonly statusCode = 503;
  readonly retryAfterSeconds = 1;

  constructor() {
    super('Too much is on its way to the server at the moment. Try again in 1 s.');
  }
}
