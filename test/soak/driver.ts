import { setTimeout as sleep } from 'node:timers/promises';
import { between, type Choices, pick } from './choice.ts';
import { connectSession, type Ending, type FtpSession, type Place } from './ftp-session.ts';
import { identitiesOf } from './identities.ts';
import type { Change } from './log.ts';
import { usePidsAfter } from './used-again.ts';
import { download, downloadAll, failToLogIn, list, logIn, stayIdle, upload } from './visit.ts';
import { createVisitorsLog } from './visitors-log.ts';
import { createWatcher, type Watcher } from './watcher.ts';

/*
 * The process of all FTP clients: driver.js, forked with an IPC channel. It takes one `Orders`, then
 * tells what its clients do, and ends after 'stop' when all of them have left.
 */

export interface Orders {
  readonly places: readonly Place[];
  /** They go to the places in turn. */
  readonly clients: number;
}

export interface DriverReport {
  readonly changes: readonly Change[];
  readonly completeUntil: number;
  /** Connections that are open now. */
  readonly connected: number;
  /** What stopped the soak itself. */
  readonly failure?: string;
}

const reportEveryMs = 100;
const reusePidsEveryMs = 1_000;
/** The processes that stay have lower ones. */
const lowestPid = 300;
const log = createVisitorsLog();
const open = new Set<FtpSession>();
let sessions = 0;
let isStopping = false;

/** How a session ends when it has done its part, and how at any moment. */
const endings: Choices<Ending> = [
  ['quit', 2],
  ['drop', 1],
  ['kill', 1],
];
const strikes: Choices<Ending> = [
  ['drop', 1],
  ['kill', 1],
];

process.on('message', (message: Orders | 'stop') => {
  if (message === 'stop') {
    isStopping = true;
    for (const session of open) void session.end(pick(strikes));
  } else {
    void drive(message);
  }
});
process.once('disconnect', () => process.exit(1));

async function drive(orders: Orders): Promise<void> {
  const places = orders.places.map((place) => ({
    place,
    watcher: createWatcher(place.master, place.port),
  }));
  const reports = setInterval(() => report(), reportEveryMs);
  const pids = setInterval(() => usePidsAfter(lowestPid), reusePidsEveryMs);
  try {
    await Promise.all(
      Array.from({ length: orders.clients }, async (_, client) => {
        const at = places[client % places.length];
        if (at !== undefined) await comeAgain(client, at.place, at.watcher);
      }),
    );
    report(undefined, leave);
  } catch (error) {
    report(error instanceof Error ? (error.stack ?? error.message) : String(error), leave);
  } finally {
    clearInterval(reports);
    clearInterval(pids);
  }
}

function report(failure?: string, sent?: () => void): void {
  const said = failure === undefined ? {} : { failure };
  const message: DriverReport = { ...log.take(), connected: open.size, ...said };
  process.send?.(message, undefined, undefined, sent);
}

function leave(): void {
  process.exit();
}

/** One client after the other from one address: no two sessions at the same time share it. */
async function comeAgain(client: number, place: Place, watcher: Watcher): Promise<void> {
  const address = `127.0.${1 + Math.floor(client / 250)}.${1 + (client % 250)}`;
  await sleep(between(0, 3_000));
  while (!isStopping) {
    const session = await connectSession(++sessions, address, place, log, watcher);
    open.add(session);
    // One that was being connected just then has not been told to leave.
    if (isStopping) void session.end('drop');
    const strike =
      Math.random() < 0.3
        ? setTimeout(() => void session.end(pick(strikes)), between(0, 12_000))
        : undefined;
    try {
      await visit(session);
      await session.end(pick(endings));
    } catch (error) {
      // Whoever ends a session ends what it was doing; anything else is a failure of the soak.
      if (!session.ending.aborted) throw error;
      await session.end('drop');
    } finally {
      clearTimeout(strike);
      open.delete(session);
    }
  }
}

async function visit(session: FtpSession): Promise<void> {
  const identities = identitiesOf(session.daemon);
  const identity = identities[Math.floor(between(0, identities.length))];
  if (identity === undefined || Math.random() < 0.05) {
    await stayIdle(session, between(0, 1_000));
    return;
  }
  if (Math.random() < 0.1) await failToLogIn(session, identity);
  if (Math.random() < 0.05) return;
  await logIn(session, identity);
  const { owner } = identity;
  const steps = between(1, 8);
  for (let step = 1; step <= steps; step++) {
    const act = pick([
      [() => stayIdle(session, between(0, 6_000)), 8],
      [() => download(session, owner, step), 5],
      [() => downloadAll(session, owner, step), 3],
      [() => upload(session, owner, step), 5],
      [() => list(session), 1],
    ]);
    await act();
  }
}
