import { findEntry } from './entries.ts';

/**
 * The gid of a group of this system. Throws, in words for the administrator, when there is none;
 * `flag` is the one that names it.
 */
export function groupIdOf(name: string, flag: string): number {
  const group = findEntry('group', name);
  if (group !== null) return group.id;
  throw new Error(`${flag} ${name}: this system has no such group.`);
}
