import { chown, mkdir, truncate, writeFile } from 'node:fs/promises';
import type { TestUser } from './users.ts';

/**
 * A file of a home folder: its name, in any bytes, and what is in it. A number is a size in bytes;
 * such a file is sparse and reads as zeros.
 */
export type HomeFile = readonly [name: string | Uint8Array, content: string | Uint8Array | number];

/** Puts files that belong to the user into the user's home; folders are made as needed. */
export async function makeHome(user: TestUser, files: readonly HomeFile[]): Promise<void> {
  for (const [name, content] of files) {
    const bytes = Buffer.from(name);
    for (let slash = bytes.indexOf('/'); slash !== -1; slash = bytes.indexOf('/', slash + 1)) {
      const folder = inHome(user, bytes.subarray(0, slash));
      await mkdir(folder, { recursive: true });
      await chown(folder, user.uid, user.gid);
    }
    const path = inHome(user, bytes);
    await writeFile(path, typeof content === 'number' ? '' : content);
    if (typeof content === 'number') {
      await truncate(path, content);
    }
    await chown(path, user.uid, user.gid);
  }
}

function inHome(user: TestUser, name: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${user.home}/`), name]);
}
