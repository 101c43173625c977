import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';

/** What a command reads that is named by its user: the bytes of a file, or of stdin for "-". */
export interface Input {
  readonly bytes: Buffer;
  /** How errors name it. */
  readonly name: string;
}

/** Rejects, in words for the user, for a file that cannot be read. */
export async function readInput(file: string): Promise<Input> {
  if (file === '-') return { bytes: await buffer(process.stdin), name: 'stdin' };
  try {
    return { bytes: await readFile(file), name: file };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${file} cannot be read (${code})`);
  }
}
