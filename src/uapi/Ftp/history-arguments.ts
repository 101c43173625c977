import { type HistoryQuery, maxFileTextLength, maxFromLength } from '../../sessions/history.ts';
import { isLoginPattern } from '../../sessions/scope.ts';
import { ApiError } from '../call/api-error.ts';
import type { Arguments } from '../call/arguments.ts';

/**
 * What a call asks of the session log, but for whose sessions. Throws ApiError. What reads times is
 * loaded with the first call.
 */
export async function readHistoryArguments(
  args: Arguments,
  now: Date,
): Promise<Omit<HistoryQuery, 'scope'>> {
  const { parseMoment } = await import('../../lib/moment.ts');
  const [at, since, until] = ['at', 'since', 'until'].map((name) =>
    momentOf(args, name, (text) => parseMoment(text, now)),
  );
  if (at != null && (since ?? until) != null) {
    throw new ApiError('The argument “at” goes without “since” and “until”.');
  }
  const [begin, end] = [at ?? since ?? null, at ?? until ?? null];
  if (begin !== null && end !== null && begin > end) {
    throw new ApiError('The argument “until” is before “since”.');
  }
  const [login, from] = [textOf(args, 'login'), textOf(args, 'from')];
  if (login !== null && !isLoginPattern(login)) {
    throw new ApiError('The argument “login” is no FTP login, nor “*” and the end of some.');
  }
  // The monitor takes no longer one, and ends a worker that sends it.
  if (from !== null && from.length > maxFromLength) {
    throw new ApiError('The argument “from” is no IP address and no range (ADDRESS/BITS).');
  }
  const file = textOf(args, 'file');
  if (file !== null && file.length > maxFileTextLength) {
    throw new ApiError('The argument “file” is longer than any path.');
  }
  return { login, from, since: begin, until: end, file };
}

/** An empty one is none, as in a form that was sent with all its fields. */
function textOf(args: Arguments, name: string): string | null {
  return args.get(name) || null;
}

function momentOf(args: Arguments, name: string, parse: (text: string) => number): number | null {
  const text = textOf(args, name);
  if (text === null) return null;
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ApiError(
      `The argument “${name}” is no time: write it as 2d (ago; s, m, h, d, w), 03:12 (the last), 2026-11-29, or 2026-11-29T03:12:07Z.`,
    );
  }
}
