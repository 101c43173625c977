import createClient, { type Client, type ClientOptions } from 'openapi-fetch';
import type { paths } from './schema.ts';

export type { components, operations, paths } from './schema.ts';

export interface UapidClientOptions extends ClientOptions {
  /** Where the server is: https://HOST:PORT. */
  readonly baseUrl: string;
  /** The account, and an API token of it. */
  readonly user: string;
  readonly token: string;
}

/**
 * A client whose calls have the types of the OpenAPI document: GET and POST by the path, which resolve
 * to `data` or, where the HTTP status tells of a refusal, `error`. A call that failed has `data` with
 * status 0 and `errors`. Rejects when there is no answer. Other options are openapi-fetch's.
 */
export function createUapidClient(options: UapidClientOptions): Client<paths> {
  const { user, token, headers, ...rest } = options;
  const authorization = `cpanel ${user}:${token}`;
  return createClient<paths>({ ...rest, headers: { ...headersOf(headers), authorization } });
}

/** openapi-fetch takes them in several forms; here they are plain names and values. */
function headersOf(headers: ClientOptions['headers']): Record<string, unknown> {
  if (headers === undefined) return {};
  const isList = headers instanceof Headers || Array.isArray(headers);
  return isList ? Object.fromEntries(headers as Iterable<[string, string]>) : { ...headers };
}
