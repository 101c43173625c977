import { type Account, getRequest, HttpConnection } from './http-connection.ts';
import type { BenchServer } from './server.ts';

export const target = '/Ftp/list_sessions';

/** A list as it came over HTTP. */
export interface List {
  readonly body: string;
  readonly contentType: string;
  readonly rows: number;
}

/**
 * Asks once, on a connection of its own. Throws unless it is a list of so many sessions without a
 * warning: a measure of anything else would tell nothing.
 */
export async function listOnce(
  { port }: BenchServer,
  { name, password }: Account,
  sessions: number,
): Promise<List> {
  const credentials = Buffer.from(`${name}:${password}`).toString('base64');
  const response = await fetch(`http://127.0.0.1:${port}${target}`, {
    headers: { authorization: `Basic ${credentials}`, connection: 'close' },
  });
  const body = await response.text();
  const { data, warnings } = parse(body);
  if (data?.length !== sessions || warnings !== null) {
    throw new Error(`${response.status}, not ${sessions} sessions: ${body.slice(0, 300)}`);
  }
  const contentType = response.headers.get('content-type') ?? '';
  return { body, contentType, rows: data.length };
}

function parse(body: string): { data: unknown[] | null; warnings: string[] | null } {
  try {
    return JSON.parse(body).result;
  } catch {
    return { data: null, warnings: null };
  }
}

/** Lists again and again over one connection that is kept; call the function for one list. */
export async function openLister({ port }: Pick<BenchServer, 'port'>, account: Account) {
  const connection = await HttpConnection.open(port);
  const text = getRequest(target, account);
  return {
    async list(): Promise<void> {
      const { status } = await connection.request(text);
      if (status !== 200) {
        throw new Error(`A list was answered with ${status}`);
      }
    },
    close: () => connection.close(),
  };
}
