/**
 * A state file that cannot be read, written or locked, that others may write, or that does not hold
 * what it should. Never quotes its content.
 */
export class StateFileError extends Error {
  override readonly name = 'StateFileError';
}

/** Runs what writes a file; the system's errors become a StateFileError that names it. */
export async function explainWriting(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error && 'code' in error)) throw error;
    throw new StateFileError(`${path} cannot be written (${error.code}); it is as it was`);
  }
}
