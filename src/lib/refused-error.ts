/** Why an operation on an account or a role was refused. */
export type RefusalReason = 'exists' | 'unknown' | 'invalid';

/** An operation that cannot be done as asked; the message is meant for whoever asked. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
