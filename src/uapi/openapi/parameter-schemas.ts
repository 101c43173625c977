import * as z from 'zod';
import { listParameters } from './list-parameters.ts';

/*
 * What the OpenAPI document says of arguments. It describes; requests are read by
 * read-arguments.ts, which takes many that no schema would.
 */

type Parameters = Readonly<Record<string, z.ZodType>>;

/** One value for all functions that take nothing else, so that the document has it once. */
const listArguments = z.object(listParameters).meta({ id: 'ListArguments' });

/** The arguments of a function, as a schema. */
export function functionArguments(own: Parameters, isList: boolean): z.ZodType {
  const hasOwn = Object.keys(own).length > 0;
  if (!isList) return z.object(own);
  return hasOwn ? z.object({ ...own, ...listParameters }) : listArguments;
}

export const bodyTypes = [
  'application/x-www-form-urlencoded',
  'application/json',
  'multipart/form-data',
];

/** The documentation of an operation: arguments go in the query or in the body. */
export function argumentsIn(method: 'GET' | 'POST', args: z.ZodType): object {
  if (args instanceof z.ZodObject && Object.keys(args.shape).length === 0) return {};
  if (method === 'POST') return { body: args, consumes: bodyTypes };
  // The generator wants the parameters themselves, and not a reference to a schema.
  return { querystring: args instanceof z.ZodObject ? z.object(args.shape) : args };
}
