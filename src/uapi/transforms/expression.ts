import { RE2JS, RE2JSException, RE2Set } from 're2js';
import { ApiError } from '../api-error.ts';

const lengthLimit = 1024;
/** In instructions of the engine; a plain character or a class is one. */
const sizeLimit = 2000;
/**
 * Memory for the engine's table of states. A table that fills up is thrown away and begun anew, and
 * with the engine's default of 8 MiB an expression made for that purpose spent all its time there:
 * 8 s for `a\pL{18}[cd]` on 1 MB, against 0.3 s with this value.
 */
const tableBytes = 64 * 1024;

/**
 * The work that all expressions of one call may cost, in instructions times characters: the upper
 * bound of a linear-time engine. It allows 50 instructions on a list of 1 MB, 2000 on one of 25 kB,
 * and the worst expressions found take about 2 s to spend it.
 */
export interface Work {
  left: number;
}

/** A fresh allowance, for one call. */
export function workOfOneCall(): Work {
  return { left: 50_000_000 };
}

/**
 * Compiles a regular expression in RE2's syntax, which is Perl's without what needs backtracking.
 * It finds a match anywhere in the text, case-sensitively, as Perl does; `(?i)` ignores case. `$`
 * is the end of the text and not, as in Perl, also the place before a last line feed.
 * Throws ApiError with the parameter's name for an expression that is wrong, unsupported or too
 * large; the compiled function throws it when the call's work is spent.
 */
export function compileExpression(
  parameter: string,
  text: string,
  work: Work,
): (value: string) => boolean {
  if (text.length > lengthLimit) {
    throw new ApiError(`${parameter} is longer than ${lengthLimit} characters.`);
  }
  if (sizeEstimate(text) > sizeLimit) {
    throw new ApiError(`${parameter} is too large: it repeats too much.`);
  }
  work.left -= foldingWork(text);
  if (work.left < 0) throw new ApiError(`${parameter} is too large: it folds too many characters.`);
  const set = new RE2Set(RE2Set.UNANCHORED, 0, tableBytes);
  let size: number;
  try {
    size = RE2JS.compile(text).programSize();
    set.add(text);
    set.compile();
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new ApiError(
      `${parameter} is not a regular expression in RE2 syntax ` +
        `(${error.message.replace('error parsing regexp: ', '')}). ` +
        'Look-around, back-references, atomic groups and possessive quantifiers are not supported.',
    );
  }
  return (value) => {
    work.left -= size * (value.length + 1);
    if (work.left < 0) throw new ApiError(`${parameter} is too large for a list of this size.`);
    return set.match(value).length > 0;
  };
}

/** What folding the widest range costs, all of Unicode one by one, in the unit of `Work`. */
const foldedRange = 3 * 0x110000;

/**
 * An upper bound of the work of compiling: where case is ignored the engine goes through every
 * character of a range or a named class. No expression has more of them than hyphens and
 * backslashes.
 */
function foldingWork(text: string): number {
  const ignoresCase = /\(\?[A-Za-z-]*i/.test(text);
  return ignoresCase ? (text.match(/[-\\]/g)?.length ?? 0) * foldedRange : 0;
}

/**
 * An upper bound of the size before compiling, which itself takes up to a second for a thousand
 * characters such as `(…){1000}`. It knows no brackets, so it cannot be misled by them: a count
 * after a group multiplies all that came before it. After `\E` it does so too, because `(…)\Q\E{9}`
 * repeats the group.
 */
function sizeEstimate(text: string): number {
  let size = 0;
  let end = 0;
  for (const repeat of text.matchAll(/(.?)\{(\d{1,9})(?:,(\d{0,9}))?\}/gs)) {
    const times = Math.max(1, Number(repeat[2]), Number(repeat[3] || 0));
    size += repeat.index - end + 1;
    size = repeat[1] === ')' || repeat[1] === 'E' ? size * times : size + times;
    end = repeat.index + repeat[0].length;
  }
  return size + text.length - end;
}
