import { lstatSync, type Stats } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { explainWriting, StateFileError } from './state-file-error.ts';
import { syncDirectoryOf } from './write-durably.ts';

/**
 * Replaces a file of another program, or makes it (0600): a crash or a full disk leaves the old content or the new one.
 * Who owns it and who may read it stays, and nobody else may write it from then on. Rejects with StateFileError
 * for what is no file: a link could lead to one of somebody else's.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await explainWriting(path, async () => {
    const before = lstatSync(path, { throwIfNoEntry: false });
    requireFile(path, before);
    const asRoot = before !== undefined && process.geteuid?.() === 0;
    await writeFileAtomic(path, text, {
      mode: before === undefined ? 0o600 : before.mode & 0o755,
      ...(asRoot ? { chown: { uid: before.uid, gid: before.gid } } : {}),
    });
    await syncDirectoryOf(path);
  });
}

/** Throws StateFileError for a link or anything else that is there and no file. */
export function requireFile(path: string, there: Stats | undefined): void {
  if (there === undefined || there.isFile()) return;
  const what = there.isSymbolicLink() ? 'a link: name the file itself' : 'no file';
  throw new StateFileError(`${path} is ${what}; nothing is written`);
}
