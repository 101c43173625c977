import type { ErrorCode } from '../envelope/error-codes.ts';

/**
 * A failure whose text is meant for the caller: it becomes an entry of `errors` with status 0.
 * Any other thrown value is logged and answered "Internal error".
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  /** What programs are told beside the code. */
  readonly metadata: Readonly<Record<string, unknown>>;

  /** Without a code it is an argument that cannot be taken. */
  constructor(
    message: string,
    code: ErrorCode = 'argument-invalid',
    metadata: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.code = code;
    this.metadata = metadata;
  }
}
