import type { Arguments } from '../call/arguments.ts';
import type { Steps, Work } from './work.ts';

/** One object of a list function's data. Columns are its own properties. */
export type Row = Readonly<Record<string, unknown>>;

/** Rows after one transform, and what that transform adds to the answer's metadata. */
export interface Transformed {
  readonly rows: readonly Row[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * Filter, sort, paginate and columns all have this form: a generator, so that a long list does not
 * hold up others. Throws ApiError for a wrong parameter, and where the call's work is spent.
 */
export type Transform = (rows: readonly Row[], args: Arguments, work: Work) => Steps<Transformed>;

/**
 * The value of a column; undefined when the row has no such column or it is null. Inherited
 * properties are not columns: a caller may name any text, `constructor` among them.
 */
export function columnValue(row: Row, column: string): unknown {
  return Object.hasOwn(row, column) ? (row[column] ?? undefined) : undefined;
}

/** A value as the text that filters and sort keys work on; undefined for one without a text. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  return undefined;
}

/**
 * A value as a number: a JSON number, or a text in decimal notation. Texts of more than 15 digits
 * stay texts, since two different ones could become the same double; and so do exponents, since
 * `1e3` is more likely somebody's name. A caller's text may be a megabyte: no part of the grammar
 * may be tried twice on it.
 */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || !/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/.test(value)) return undefined;
  return value.replace(/\D/g, '').length <= 15 ? Number(value) : undefined;
}
