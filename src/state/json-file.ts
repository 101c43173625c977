import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type * as z from 'zod';
import { listed } from '../lib/listed.ts';
import { fileVersion } from './file-version.ts';
import { keepLastCopy, lastCopyPath, wasRemoved } from './last-copy.ts';
import { withLock } from './lock.ts';
import { type RegularFile, readRegularFile } from './read-regular-file.ts';
import { explainWriting, StateFileError } from './state-file-error.ts';
import { writeDurably } from './write-durably.ts';

export interface JsonFileOptions<T> {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  /** The state before there is a file. */
  readonly initial: T;
  /** Told once per change of the file that could not be taken over. */
  readonly onProblem?: ((message: string) => void) | undefined;
}

export interface JsonFile<T> {
  /** The state of this moment; the last good one while the file is damaged, unreadable or removed. */
  read(): T;
  /**
   * Replaces the state under the file's lock, so that no other process's change gets lost. `change`
   * may throw to refuse; returning the state it was given writes nothing. Creates the directory (0700)
   * and the file (0600). Rejects with StateFileError when the present file is damaged or removed, and
   * when the new one cannot be written, which leaves the present one as it is.
   */
  update(change: (state: T) => T): Promise<void>;
}

/**
 * Opens a JSON file that several processes read and change. Creates nothing. Throws StateFileError
 * when the file is damaged or unreadable, or there was one and it is gone.
 */
export function openJsonFile<T>(options: JsonFileOptions<T>): JsonFile<T> {
  const { path, schema, initial, onProblem } = options;
  let seen: string | null = fileVersion(path);
  let reported: string | null = null;
  const load = (): T | null => {
    const text = readText(path);
    return text === null ? null : parse(path, schema, text);
  };
  const orInitial = (loaded: T | null): T => {
    if (loaded === null && wasRemoved(path)) throw missing(path);
    return loaded ?? initial;
  };
  let state = orInitial(load());
  let wasThere = seen !== 'absent';

  const refresh = (version: string) => {
    // A read can fail for a reason that passes without a change of the file (EMFILE, EIO), so only
    // a version whose content was had counts as seen.
    seen = null;
    const text = readText(path);
    if (text === null && wasThere) throw missing(path);
    seen = version;
    if (text !== null) state = parse(path, schema, text);
    wasThere ||= text !== null;
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

    update: (change) =>
      explainWriting(path, async () => {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        await withLock(`${path}.lock`, async () => {
          const before = orInitial(load());
          const after = change(before);
          if (after === before) return;
          requireReadable(path, schema, after);
          await writeDurably(path, `${JSON.stringify(after, null, 2)}\n`);
          keepLastCopy(path);
          // Known good from now on, should the file be damaged before the next read.
          seen = fileVersion(path);
          state = after;
          wasThere = true;
        });
      }),
  };
}

function missing(path: string): StateFileError {
  if (!wasRemoved(path)) return new StateFileError(`${path} is missing`);
  return new StateFileError(
    `${path} is missing: move ${lastCopyPath(path)} to its place, or remove that too to begin anew`,
  );
}

/** Null when there is no file. */
function readText(path: string): string | null {
  const read = readRegularFile(path);
  if ('text' in read) {
    requireOwn(path, read);
    return read.text;
  }
  if (read.fault === 'ENOENT') return null;
  throw new StateFileError(`${path} cannot be read (${read.fault})`);
}

/** Who may write it can make himself an administrator: only those who could replace it anyway. */
function requireOwn(path: string, { uid, mode }: RegularFile): void {
  if ((mode & 0o022) !== 0) {
    throw new StateFileError(`${path} may be written by others (mode ${mode.toString(8)})`);
  }
  const directory = statSync(dirname(path), { throwIfNoEntry: false });
  if (uid === 0 || uid === process.geteuid?.() || uid === directory?.uid) return;
  throw new StateFileError(`${path} belongs to another user (uid ${uid})`);
}

function parse<T>(path: string, schema: z.ZodType<T>, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the file, which may hold password hashes.
    throw new StateFileError(`${path} is not valid JSON`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => [...issue.path, faultOf(issue)].join(': '));
  // A file that something else has written may have thousands.
  throw new StateFileError(`${path} is damaged: ${listed(faults, '; ')}`);
}

/** A change that nobody could read back would keep every later start from coming up. */
function requireReadable<T>(path: string, schema: z.ZodType<T>, state: T): void {
  const { success, error } = schema.safeParse(state);
  if (success) return;
  const faults = error.issues.map(({ message }) => message);
  throw new StateFileError(`the change would damage ${path}: ${faults.join('; ')}`);
}

/** The schema's own message names unknown keys, and in a damaged file anything may stand as one. */
function faultOf({ code, message }: z.core.$ZodIssue): string {
  return code === 'unrecognized_keys' ? 'has a key that this uapid does not know' : message;
}
