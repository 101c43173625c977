import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { fileVersion } from './file-version.ts';
import { withLock } from './lock.ts';
import { writeDurably } from './write-durably.ts';

/** A state file that cannot be read or does not hold what it should. Never quotes its content. */
export class StateFileError extends Error {
  override readonly name = 'StateFileError';
}

export interface JsonFileOptions<T> {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  /** The state that a missing file stands for. */
  readonly initial: T;
  /** Told once per change of the file that could not be taken over. */
  readonly onProblem?: ((message: string) => void) | undefined;
}

export interface JsonFile<T> {
  /** The state of this moment; the last good one while the file is damaged or unreadable. */
  read(): T;
  /**
   * Replaces the state under the file's lock, so that no other process's change gets lost. `change`
   * may throw to refuse; returning the state it was given writes nothing. Creates the directory (0700)
   * and the file (0600). Rejects with StateFileError when the present file is damaged.
   */
  update(change: (state: T) => T): Promise<void>;
}

/**
 * Opens a JSON file that several processes read and change. Creates nothing. Throws StateFileError
 * when the file exists and is damaged or unreadable.
 */
export function openJsonFile<T>(options: JsonFileOptions<T>): JsonFile<T> {
  const { path, schema, initial, onProblem } = options;
  let seen: string | null = fileVersion(path);
  let reported: string | null = null;
  const load = () => parse(path, schema, readText(path)) ?? initial;
  let state = load();

  const refresh = (version: string) => {
    // A read can fail for a reason that passes without a change of the file (EMFILE, EIO), so only
    // a version whose content was had counts as seen.
    seen = null;
    const text = readText(path);
    seen = version;
    state = parse(path, schema, text) ?? initial;
    reported = null;
  };

  return {
    read() {
      const version = fileVersion(path);
      if (version === seen) return state;
      try {
        refresh(version);
      } catch (error) {
        if (!(error instanceof StateFileError)) throw error;
        if (reported !== version)
          onProblem?.(`${error.message}; the last good state stays in force`);
        reported = version;
      }
      return state;
    },

    async update(change) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      await withLock(`${path}.lock`, async () => {
        const before = load();
        const after = change(before);
        if (after === before) return;
        await writeDurably(path, `${JSON.stringify(after, null, 2)}\n`);
        // Known good from now on, should the file be damaged before the next read.
        seen = fileVersion(path);
        state = after;
      });
    },
  };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new StateFileError(`${path} cannot be read (${code})`);
  }
}

function parse<T>(path: string, schema: z.ZodType<T>, text: string | null): T | null {
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the file, which may hold password hashes.
    throw new StateFileError(`${path} is not valid JSON`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => [...issue.path, issue.message].join(': '));
  throw new StateFileError(`${path} is damaged: ${faults.join('; ')}`);
}
