import { statSync } from 'node:fs';

/**
 * A text that differs between two versions of a file, from its stat alone. "absent" when there is
 * no file, "unreachable: CODE" when the file cannot be looked at. Take it before reading the file:
 * a change during the read then shows as another version at the next look.
 */
export function fileVersion(path: string): string {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return 'absent';
    return [stat.dev, stat.ino, stat.mtimeNs, stat.ctimeNs, stat.size].join(':');
  } catch (error) {
    return `unreachable: ${(error as NodeJS.ErrnoException).code}`;
  }
}
