import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';

/** A server and somebody's account there. */
export interface Place {
  /** Without a slash at its end. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Of the envelope; empty for other bodies. */
  readonly data: readonly { readonly user: string; readonly pid: number }[];
  readonly warnings: readonly string[];
}

/** Asks over a connection of its own. Rejects when no whole answer comes. */
export async function ask(
  { url, user, password }: Place,
  path = '/Ftp/list_sessions',
  authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
): Promise<Answer> {
  const options = { agent: false, timeout: 60_000, headers: { authorization } } as const;
  const request = url.startsWith('https:')
    ? https.get(`${url}${path}`, { ...options, rejectUnauthorized: false })
    : http.get(`${url}${path}`, options);
  request.once('timeout', () => request.destroy(new Error('no answer within 60 s')));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = await text(response);
  if (!response.complete) throw new Error('half an answer');
  const { data, warnings } = envelope(body);
  return { status: response.statusCode ?? 0, body, data: data ?? [], warnings: warnings ?? [] };
}

interface Envelope {
  readonly data?: Answer['data'] | null;
  readonly warnings?: string[] | null;
}

/** The flat envelope, or the one within "result". */
function envelope(body: string): Envelope {
  try {
    const value = JSON.parse(body) as Envelope & { readonly result?: Envelope };
    return value.result ?? value;
  } catch {
    return {};
  }
}
