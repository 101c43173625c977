import type * as z from 'zod';
import type { Host } from '../../access/host.ts';
import type { Account, Feature, ServerRole } from '../../accounts/account.ts';
import type { Warning } from '../../sessions/warning.ts';
import type { Shared } from './answer.ts';
import type { Arguments } from './arguments.ts';

/** Who made a call, as the audit log names it. */
export interface Caller {
  /** The account whose credentials came with the request; it may act for another one. */
  readonly by: string;
  readonly address: string;
}

/** On whose behalf a function runs, with which arguments, and what it keeps between its calls. */
export interface CallContext<Kept = unknown> extends Caller {
  readonly account: Account;
  readonly args: Arguments;
  readonly host: Host;
  readonly kept: Kept;
  /**
   * How much of what was answered on its connection the client has not taken yet, in bytes; infinite
   * as long as the answer to this call is not written.
   */
  readonly unsentBytes: () => number;
}

export interface Outcome<Data> {
  readonly data: Data;
  readonly messages?: readonly string[];
  readonly warnings?: readonly Warning[];
  /** What stands in the answer's metadata beside what every answer has there. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Of an outcome that several calls share: what is made of it. Its data are rows. */
  readonly shared?: Shared;
}

/** A UAPI function: one value in one file whose path is its name. */
export interface UapiFunction<Data = unknown, Kept = unknown> {
  readonly module: string;
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** The server role without which the function does not run. */
  readonly role: ServerRole | null;
  /** The feature without which an account may not call it. */
  readonly feature: Feature | null;
  /** Its own arguments, for the documentation. */
  readonly parameters: Readonly<Record<string, z.ZodType>>;
  /** The form of the data. */
  readonly data: z.ZodType<Data>;
  /** True when the data is a list of rows. */
  readonly isList: boolean;
  /**
   * True when a call of it changes something on the host: it is refused to other sites' pages and
   * where only headers are asked for, and each such refusal is in the audit log. Of any other
   * callers may share an outcome, so it must not depend on `by` and `address`.
   */
  readonly changes?: boolean;
  /** Makes what an application keeps of it between calls, once. */
  keep?(): Kept;
  /** Throws an ApiError for what the caller should be told. */
  run(context: CallContext<Kept>): Promise<Outcome<Data>>;
}

/** Gives a function its types. */
export function defineFunction<Data, Kept = undefined>(
  definition: UapiFunction<Data, Kept>,
): UapiFunction<Data, Kept> {
  return definition;
}
