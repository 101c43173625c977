import { connectFtp, type FtpClient } from '../support/ftp-client.ts';
import { answerParent } from './helper-process.ts';
import type { Account } from './http-connection.ts';

/** The sessions that are to be there, or visitors who come and go at once. */
export type CrowdOrder = Place &
  (
    | { readonly hold: readonly CrowdSession[] }
    | { readonly visits: number; readonly visitor: Account }
  );

interface Place {
  readonly host: string;
  readonly port: number;
}

export interface CrowdSession {
  readonly user: Account;
  /** The file that it downloads; null for an idle session. */
  readonly download: string | null;
}

/** Logins under way at a time. The daemon forks twice for each, and hashes a password. */
const atATime = 16;

interface Held {
  readonly client: FtpClient;
  readonly session: CrowdSession;
}

const held: Held[] = [];

/*
 * The FTP clients, a process of its own: thousands of connections must not share the thread that
 * measures. Sessions are begun and ended at the end of the list; those before stay as they are.
 */
answerParent<CrowdOrder, null>(async (order) => {
  if ('hold' in order) {
    await Promise.all(held.splice(order.hold.length).map(end));
    const first = held.length;
    await inTurns(order.hold.slice(first), async (session, index) => {
      held[first + index] = { client: await begin(order, session, first + index), session };
    });
  } else {
    const visits = Array.from({ length: order.visits }, () => order.visitor);
    await inTurns(visits, async (visitor, index) => {
      const client = await begin(order, { user: visitor, download: null }, index);
      await client.quit();
    });
  }
  return null;
});

/** Each comes from one of 200 addresses: one address has not enough ports for many in a minute. */
async function begin(place: Place, session: CrowdSession, index: number): Promise<FtpClient> {
  const { user, download } = session;
  const client = await connectFtp({ ...place, localAddress: `127.0.1.${1 + (index % 200)}` });
  await client.login(user.name, user.password);
  if (download !== null) {
    await client.startDownload(download);
  }
  return client;
}

/** In the middle of a transfer nobody takes leave. */
async function end({ client, session }: Held): Promise<void> {
  if (session.download === null) {
    await client.quit();
  } else {
    client.destroy();
  }
}

async function inTurns<T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const rest = items.entries();
  const worker = async () => {
    for (const [index, item] of rest) {
      await work(item, index);
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}
