import { RE2JSException, RE2Set } from 're2js';
import { ApiError } from '../call/api-error.ts';
import { costOfExpression } from './expression-cost.ts';
import { type Compiled, spend, type Work } from './work.ts';

const maxLength = 1024;
/** In instructions of the engine; a plain character or a class is one. */
const maxInstructions = 2048;
/** Of one expression, in units of 25 ns: compiling cannot be interrupted. About 12 ms. */
const maxCompileWork = 500_000;
/**
 * Of one expression on one text, in instructions times characters: matching cannot be interrupted
 * either. It allows 250 instructions on the longest path that Linux has, 2000 on a path of 500.
 */
const maxMatchWork = 1_050_000;
/**
 * Memory for the engine's table of states. A table that fills up is thrown away and begun anew, and
 * with the engine's default of 8 MiB an expression made for that purpose spent all its time there:
 * 8 s for `a\pL{18}[cd]` on 1 MB, against 0.3 s with this value.
 */
const tableBytes = 64 * 1024;

/** Whether an expression finds a match in a text; throws ApiError when that costs too much. */
export type Find = (text: string) => boolean;

/**
 * Compiles a regular expression in RE2's syntax, which is Perl's without what needs backtracking.
 * It finds a match anywhere in the text, case-sensitively, as Perl does; `(?i)` ignores case. `$`
 * is the end of the text and not, as in Perl, also the place before a last line feed.
 * Throws ApiError with the parameter's name for an expression that is wrong, unsupported or too
 * large, which is known before it is compiled; the compiled function throws it when the call's work
 * is spent.
 */
export function compileExpression(parameter: string, text: string, work: Work): Find {
  if (text.length > maxLength) {
    throw new ApiError(`${parameter} is longer than ${maxLength} characters.`);
  }
  const cost = costOfExpression(text);
  if (cost.instructions > maxInstructions) {
    throw new ApiError(`${parameter} is too large: it repeats too much.`);
  }
  if (cost.work > maxCompileWork) {
    throw new ApiError(`${parameter} is too large: its classes have too many characters.`);
  }
  const known = work.compiled.get(text);
  if (known === undefined && !spend(work, cost.work)) {
    throw new ApiError(`${parameter} is too large together with the expressions before it.`);
  }
  const { set, instructions } = known ?? compile(parameter, text);
  work.compiled.set(text, { set, instructions });
  return (value) => {
    const units = instructions * (value.length + 1);
    if (units > maxMatchWork) {
      throw new ApiError(`${parameter} is too large for a text of ${value.length} characters.`);
    }
    if (!spend(work, units)) {
      throw new ApiError(`${parameter} is too large for a list of this size.`);
    }
    return set.match(value).length > 0;
  };
}

function compile(parameter: string, text: string): Compiled {
  const set = new RE2Set(RE2Set.UNANCHORED, 0, tableBytes);
  try {
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
  return { set, instructions: set.prog.numInst() };
}
