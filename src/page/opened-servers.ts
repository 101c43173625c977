import { hostName } from '../sessions/identity.ts';

/** The servers of a fleet whose sessions a reader wants. */
export type OpenedServers = 'all' | ReadonlySet<string>;

/** The value of `open` in the stream's address: names by commas, or * for all. What is no name is none. */
export function readOpened(text: string): OpenedServers {
  if (text === '*') return 'all';
  return new Set(text.split(',').filter((name) => hostName.test(name)));
}

/** A text that the same servers share. */
export function openedKey(opened: OpenedServers): string {
  return opened === 'all' ? '*' : [...opened].sort().join();
}
