import type { SessionState } from '../../sessions/session.ts';

export type Direction = Exclude<SessionState, 'idle'>;

/** The commands that transfer a file; ProFTPD notes them in capitals. */
const directions: ReadonlyMap<string, Direction> = new Map([
  ['RETR', 'download'],
  ['STOR', 'upload'],
  ['APPE', 'upload'],
  ['STOU', 'upload'],
]);

/** What a command of a title or a record transfers; null for all others. */
export function directionOf(command: string): Direction | null {
  return directions.get(command) ?? null;
}
