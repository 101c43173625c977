/**
 * A failure whose text is meant for the caller: it becomes an entry of `errors` with status 0.
 * Any other thrown value is logged and answered "Internal error".
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
}
