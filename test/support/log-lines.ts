import { existsSync, readFileSync } from 'node:fs';
import type { LogLine } from '../../src/session-log/log-line.ts';

/** The whole lines of a session log; none where it is not there yet. */
export function readLogLinesNow<Line = LogLine>(path: string): Line[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((text): Line => JSON.parse(text));
}
