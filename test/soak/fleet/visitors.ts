import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { users } from '../../support/users.ts';
import type { FleetVisit } from './checker.ts';

/** Where a host's FTP server is at the moment. */
export interface FtpPlace {
  readonly server: string;
  readonly port: number;
}

/** Clients that come and go at one host, as long as it lives. */
export interface Visitors {
  /** Resolves once all have left. */
  leave(): Promise<void>;
  /** The host is about to end at once: nothing is sure from now on. Then `leave`. */
  doom(): void;
}

/** A session whose client has said farewell is over soon; one that was broken off takes its time. */
const lingeringMs = { quit: 3_000, brokenOff: 15_000 };

/** So many clients at a time; each stays for seconds, and another follows it. */
export function sendVisitors(
  { server, port }: FtpPlace,
  count: number,
  visits: Set<FleetVisit>,
  random: () => number,
): Visitors {
  const end = new AbortController();
  setMaxListeners(count, end.signal);
  const present = new Set<FleetVisit>();
  let isDoomed = false;
  const pause = (ms: number) => sleep(ms, undefined, { signal: end.signal }).catch(() => undefined);

  async function visit(): Promise<void> {
    const owner = random() < 0.5 ? users.alice : users.bob;
    const [stays, downloads] = [1_000 + 6_000 * random(), random() < 0.3];
    const client = await connectFtp({ host: '127.0.0.1', port });
    const made: FleetVisit = {
      server,
      owner: owner.name,
      ftpPort: port,
      clientPort: client.localPort,
      possibleFrom: performance.now(),
      sureFrom: null,
      sureUntil: null,
      goneBy: null,
    };
    visits.add(made);
    try {
      await client.login(owner.name, owner.password);
      // Logged in, it waits for commands.
      await client.command('NOOP');
      if (!isDoomed) made.sureFrom = performance.now();
      present.add(made);
      if (downloads) await client.startDownload('big.bin');
      await pause(stays);
    } finally {
      await leave(made, client, downloads);
    }
  }

  async function leave(made: FleetVisit, client: FtpClient, downloads: boolean): Promise<void> {
    made.sureUntil ??= performance.now();
    present.delete(made);
    if (!downloads && !end.signal.aborted) await client.quit().catch(() => undefined);
    client.destroy();
    const lingers = downloads || end.signal.aborted ? lingeringMs.brokenOff : lingeringMs.quit;
    made.goneBy = performance.now() + lingers;
  }

  async function keepVisiting(): Promise<void> {
    await pause(500 * random());
    while (!end.signal.aborted) {
      await visit().catch(() => undefined);
      await pause(300 * random());
    }
  }

  const all = Promise.all(Array.from({ length: count }, keepVisiting));
  const doom = () => {
    isDoomed = true;
    for (const each of present) each.sureUntil ??= performance.now();
  };
  return {
    doom,
    leave: async () => {
      doom();
      end.abort();
      await all;
    },
  };
}
