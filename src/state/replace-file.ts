import { randomBytes } from 'node:crypto';
import { lstatSync, type Stats } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { explainWriting, StateFileError } from './state-file-error.ts';
import { syncDirectoryOf } from './write-durably.ts';

/**
 * Replaces a file of another program, or makes it (0600): a crash or a full disk leaves the old content or the new one.
 * Who owns it and who may read it stays, and nobody else may write it from then on. Rejects with StateFileError
 * for what is no file: a link could lead to one of somebody else's. `besides` is the path of the file that becomes it.
 */
export async function replaceFile(
  path: string,
  text: string,
  besides = `${path}.${randomBytes(8).toString('hex')}`,
): Promise<void> {
  await explainWriting(path, async () => {
    const before = lstatSync(path, { throwIfNoEntry: false });
    requireFile(path, before);
    // The directory may be another user's, who could have put a link there: so a new file (O_EXCL), changed by its descriptor.
    const file = await open(besides, 'wx', 0o600);
    try {
      try {
        await file.writeFile(text);
        if (before !== undefined) {
          const { uid, gid } = await file.stat();
          if (uid !== before.uid || gid !== before.gid) await file.chown(before.uid, before.gid);
          await file.chmod(before.mode & 0o755);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(besides, path);
    } catch (error) {
      await rm(besides, { force: true });
      throw error;
    }
    await syncDirectoryOf(path);
  });
}

/** Throws StateFileError for a link or anything else that is there and no file. */
export function requireFile(path: string, there: Stats | undefined): void {
  if (there === undefined || there.isFile()) return;
  const what = there.isSymbolicLink() ? 'a link: name the file itself' : 'no file';
  throw new StateFileError(`${path} is ${what}; nothing is written`);
}
