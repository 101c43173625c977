import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/**
 * Replaces a file so that a crash at any moment leaves the old content or the new one: temporary file,
 * fsync, rename, fsync of the directory. The file's mode is 0600. Root keeps the owner of the file, or
 * gives a new one to the directory's owner, so that a server without root can still read its state.
 * `ownedLike` is the file whose owner that is, when it is another.
 */
export async function writeDurably(path: string, text: string, ownedLike = path): Promise<void> {
  const owner = process.geteuid?.() === 0 ? ownerFor(ownedLike) : undefined;
  await writeFileAtomic(path, text, { mode: 0o600, chown: owner });
  await syncDirectoryOf(path);
}

/** Makes what was renamed in a file's directory outlast a crash of the host. */
export async function syncDirectoryOf(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function ownerFor(path: string): { uid: number; gid: number } {
  const { uid, gid } = statSync(path, { throwIfNoEntry: false }) ?? statSync(dirname(path));
  return { uid, gid };
}
