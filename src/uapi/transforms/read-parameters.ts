import { ApiError } from '../call/api-error.ts';
import type { Arguments } from '../call/arguments.ts';

/** The most filters, sort keys or columns in one call. */
const keyLimit = 64;

/**
 * Reads a switch: 1 is on, 0 and empty are off, undefined when it was not sent. Anything else is
 * refused: Perl would take "false" for true.
 */
export function readSwitch(args: Arguments, name: string): boolean | undefined {
  const value = args.get(name);
  if (value === undefined) return undefined;
  if (value !== '' && value !== '0' && value !== '1') throw new ApiError(`${name} must be 0 or 1.`);
  return value === '1';
}

/**
 * Reads a count or a position. The published pages call them nonnegative, so zero is allowed and
 * means what an absent or an empty one means: undefined, the default. The largest is 2^31-1, which
 * clients use for "everything".
 */
export function readWholeNumber(args: Arguments, name: string): number | undefined {
  const value = args.get(name) ?? '';
  if (!/^\d{0,10}$/.test(value) || Number(value) > 2147483647) {
    throw new ApiError(`${name} must be a whole number from 0 to 2147483647.`);
  }
  return Number(value) || undefined;
}

/** A transform whose keys can come several times, in either grammar. */
export interface Family {
  /** `filter` in `api.filter_column_0` and in `api.filter.a.field`. */
  readonly name: string;
  /** Every part of a key: its name in the account's grammar and in the administrator's. */
  readonly parts: readonly { readonly account: string; readonly administrator: string }[];
}

/** One filter or sort key, under the account's names for its parts. */
export interface ParameterKey {
  readonly administrator: boolean;
  /** The value of a part; "" when it was not sent. */
  value(part: string): string;
  /** The exact argument name of a part. */
  parameter(part: string): string;
  readonly args: Arguments;
}

/**
 * The keys of a family in order: the account's grammar first, no suffix before _0, _1, …; then the
 * administrator's, by the names between the dots (clients go on after z with za, zb, …, zza).
 *
 * A key works without its switch, because clients leave it out. A switch at 0 turns off the key of
 * the same suffix; the administrator's has no suffix and turns off all of its grammar.
 * Throws ApiError when there are too many keys.
 */
export function readKeys(args: Arguments, family: Family): ParameterKey[] {
  const { name, parts } = family;
  const account = matchNames(
    args,
    new RegExp(
      `^api\\.${name}_(?:${parts.map((part) => part.account).join('|')})((?:_\\d{1,9})?)$`,
    ),
  ).filter((suffix) => readSwitch(args, `api.${name}${suffix}`) !== false);
  const administrator =
    readSwitch(args, `api.${name}.enable`) === false
      ? []
      : matchNames(
          args,
          new RegExp(
            `^api\\.${name}\\.(\\w{1,64})\\.(?:${parts.map((part) => part.administrator).join('|')})$`,
          ),
        );
  const keys = [
    ...account.sort(bySuffix).map((suffix) => accountKey(args, family, suffix)),
    ...administrator.sort().map((letters) => administratorKey(args, family, letters)),
  ];
  refuseTooMany(keys.map((key) => key.parameter('column')));
  return keys;
}

/** Throws ApiError, naming the first parameter that is one too many. */
export function refuseTooMany(parameters: readonly string[]): void {
  const surplus = parameters[keyLimit];
  if (surplus !== undefined) {
    throw new ApiError(`${surplus} is one too many: a call may have ${keyLimit} of its kind.`);
  }
}

/** What the pattern's group caught in the argument names, each text once. */
function matchNames(args: Arguments, pattern: RegExp): string[] {
  const found = new Set<string>();
  for (const name of args.keys()) {
    const caught = pattern.exec(name)?.[1];
    if (caught !== undefined) found.add(caught);
  }
  return [...found];
}

/** Orders "", "_0", "_1", "_10" by number. */
function bySuffix(a: string, b: string): number {
  return Number(a.slice(1) || -1) - Number(b.slice(1) || -1);
}

function accountKey(args: Arguments, family: Family, suffix: string): ParameterKey {
  const parameter = (part: string) => `api.${family.name}_${part}${suffix}`;
  const value = (part: string) => args.get(parameter(part)) ?? '';
  return { administrator: false, parameter, value, args };
}

function administratorKey(args: Arguments, family: Family, letters: string): ParameterKey {
  const names = new Map(family.parts.map((part) => [part.account, part.administrator]));
  const parameter = (part: string) => `api.${family.name}.${letters}.${names.get(part)}`;
  const value = (part: string) => args.get(parameter(part)) ?? '';
  return { administrator: true, parameter, value, args };
}
