import { dirname, join } from 'node:path';

/**
 * unix(7): sun_path has 108 bytes with the NUL at its end; on the BSDs and macOS it has 104. Longer
 * paths are cut off silently by Node.js 20, and the socket is somewhere else.
 */
const maxLength = process.platform === 'linux' ? 107 : 103;

/** What is wrong with a path for a socket, or null. */
export function socketPathFault(path: string): string | null {
  const bytes = Math.max(...[path, draftPath(path, 0)].map((each) => Buffer.byteLength(each)));
  if (bytes <= maxLength) return null;
  return `${path} is too long for a Unix socket, by ${bytes - maxLength} bytes; name a shorter one with --control-socket`;
}

/** Where a socket is made before it goes to its place: beside it, under a name that nobody uses. */
export function draftPath(path: string, random: number): string {
  return join(dirname(path), `.${random.toString(16).padStart(8, '0')}`);
}
