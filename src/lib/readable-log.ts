import { wallClock } from './local-time/wall-clock.ts';

/** pino's numbers for its levels. */
const levels: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** Fields that each line of a process has, which tell a person nothing. */
const known = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'err']);

/**
 * A line of the log in JSON as a person reads it: local time, level, message, then the other fields as
 * key=value, and below it the stack of an error. A line that is no such JSON stays as it is.
 */
export function readableLogLine(line: string): string {
  const fields = parse(line);
  if (fields === null) return line;
  const { level, time, msg, err } = fields;
  const clock = wallClock(new Date(Number(time)))
    .toISOString()
    .slice(11, 19);
  const rest = Object.entries(fields)
    .filter(([key]) => !known.has(key))
    .map(([key, value]) => `${key}=${formatValue(value)}`);
  const head = [clock, (levels[Number(level)] ?? String(level)).padEnd(5), msg, ...rest];
  const text = head.filter((part) => part !== undefined && part !== '').join('  ');
  const { stack, message } = (err ?? {}) as {
    readonly stack?: unknown;
    readonly message?: unknown;
  };
  const below = String(stack ?? message ?? '').replaceAll('\n', '\n    ');
  return below === '' ? text : `${text}\n    ${below}`;
}

function parse(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const fields: unknown = JSON.parse(line);
    const isLine = typeof fields === 'object' && fields !== null && 'time' in fields;
    return isLine && Number.isFinite(Number(fields.time))
      ? (fields as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}

/** A word as it is; anything else in JSON, in which no control character stands as itself. */
function formatValue(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@%+-]+$/.test(value) ? value : JSON.stringify(value);
}
