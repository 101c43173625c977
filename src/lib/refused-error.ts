/**
 * Why an operation was not done: there is such a thing already, there is none, a value will not do, or
 * (`refused`) a rule or a missing right is in the way of what is asked well. A command's exit code tells.
 */
export type RefusalReason = 'exists' | 'unknown' | 'invalid' | 'refused';

/** An operation that cannot be done as asked; the message is meant for whoever asked. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
