import { ApiError } from '../call/api-error.ts';
import { compileExpression } from './expression.ts';
import { numberOf, textOf } from './row.ts';
import type { Work } from './work.ts';

/** What a filter compares values with. */
export interface Term {
  readonly text: string;
  /** The term's argument name, for errors. */
  readonly parameter: string;
  readonly work: Work;
}

/** Whether a filter keeps the row that has this value. */
export type Keeps = (value: unknown) => boolean;
type MatchType = (term: Term) => Keeps;

/**
 * Every filter type, as a function from the term to a test of a value. The value is undefined when
 * the row does not have it; only `ne` and `undefined` keep such a row.
 *
 * The account's types are those of cPanel's page "UAPI Filters"; `==`, `lt_equal` and `gt_equal`
 * come from "WHM API 1 Filter Output". They work in both grammars.
 */
export const matchTypes: ReadonlyMap<string, MatchType> = new Map<string, MatchType>([
  ['eq', (term) => equals(term.text)],
  ['ne', not((term) => equals(term.text))],
  ['==', compare((value, term) => value === term)],
  ['lt', compare((value, term) => value < term)],
  ['lt_equal', compare((value, term) => value <= term)],
  ['lt_handle_unlimited', compare((value, term) => value < term, 'unlimited')],
  ['gt', compare((value, term) => value > term)],
  ['gt_equal', compare((value, term) => value >= term)],
  ['gt_handle_unlimited', compare((value, term) => value > term, 'unlimited')],
  ['contains', ignoringCase((value, term) => value.includes(term))],
  ['begins', ignoringCase((value, term) => value.startsWith(term))],
  ['ends', ignoringCase((value, term) => value.endsWith(term))],
  ['matches', matches],
  ['defined', () => (value) => value !== undefined],
  ['undefined', () => (value) => value === undefined],
]);

/** Two numbers are compared as numbers (`7` equals `07.0`), all else as exact texts. */
function equals(term: string): Keeps {
  const termNumber = numberOf(term);
  return (value) => {
    const valueNumber = numberOf(value);
    if (termNumber !== undefined && valueNumber !== undefined) return termNumber === valueNumber;
    return textOf(value) === term;
  };
}

function not(type: MatchType): MatchType {
  return (term) => {
    const keeps = type(term);
    return (value) => !keeps(value);
  };
}

/**
 * A comparison of numbers. A value that is no number is not kept; a term that is none is an error.
 * With `unlimited`, that word (in any case) is greater than every number and equal to itself.
 */
function compare(
  holds: (value: number, term: number) => boolean,
  unlimited?: 'unlimited',
): MatchType {
  const read = (value: unknown) =>
    unlimited !== undefined && textOf(value)?.toLowerCase() === unlimited
      ? Number.POSITIVE_INFINITY
      : numberOf(value);
  return (term) => {
    const termNumber = read(term.text);
    if (termNumber === undefined) {
      const also = unlimited === undefined ? '' : ' or “unlimited”';
      throw new ApiError(`${term.parameter} must be a number of at most 15 digits${also}.`);
    }
    return (value) => {
      const number = read(value);
      return number !== undefined && holds(number, termNumber);
    };
  };
}

/** A comparison of texts without case, the same in every locale. */
function ignoringCase(holds: (value: string, term: string) => boolean): MatchType {
  return (term) => {
    const lower = term.text.toLowerCase();
    return (value) => {
      const text = textOf(value);
      return text !== undefined && holds(text.toLowerCase(), lower);
    };
  };
}

function matches(term: Term): Keeps {
  const find = compileExpression(term.parameter, term.text, term.work);
  return (value) => {
    const text = textOf(value);
    return text !== undefined && find(text);
  };
}
