import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BareServer } from '../bare-fastify.ts';
import { startGenerator } from '../generator.ts';
import { startHelper } from '../helper-process.ts';
import { type Account, getRequest } from '../http-connection.ts';
import { listOnce, target } from '../lists.ts';
import { atLeast, figure, type Result } from '../result.ts';
import { fewSessions, type Scene } from '../scene.ts';
import { type BenchServer, startServer } from '../server.ts';
import { ratioOf } from '../statistics.ts';
import { inTurns } from '../timing.ts';

/** What answers the same bytes, and how near to its rate ours is to come. */
interface Peer {
  readonly name: string;
  readonly checksCredentials: boolean;
  readonly logs: boolean;
  readonly limit: number;
}

/** Requests per second for the account with few sessions. */
export function measureUserRate(scene: Scene): Promise<Result[]> {
  return measureRate(scene, {
    measure: `requests/s, one account with ${fewSessions.count} of ${scene.sizes.sessions} sessions`,
    accountOf: ({ user }) => user,
    rows: fewSessions.count,
    peers: [
      {
        name: 'bare Fastify with @fastify/basic-auth',
        checksCredentials: true,
        logs: false,
        limit: 0.7,
      },
      {
        name: 'the same with Fastify’s request log',
        checksCredentials: true,
        logs: true,
        limit: 0.8,
      },
    ],
  });
}

/** Requests per second for the list of all sessions. */
export function measureAdminRate(scene: Scene): Promise<Result[]> {
  return measureRate(scene, {
    measure: `requests/s, an admin’s list of ${scene.sizes.sessions}`,
    accountOf: ({ admin }) => admin,
    rows: scene.sizes.sessions,
    peers: [{ name: 'bare Fastify', checksCredentials: false, logs: false, limit: 0.5 }],
  });
}

interface Rate {
  readonly measure: string;
  readonly accountOf: (server: BenchServer) => Account;
  readonly rows: number;
  readonly peers: readonly Peer[];
}

async function measureRate(scene: Scene, rate: Rate): Promise<Result[]> {
  const { sessions, connections, loadRounds, loadSeconds } = scene.sizes;
  await scene.hold(sessions);
  const server = await startServer();
  const folder = mkdtempSync(join(tmpdir(), 'uapid-bench-peer-'));
  const bare = rate.peers.map((peer) => ({
    peer,
    helper: startHelper<BareServer, number>(new URL('../bare-fastify.js', import.meta.url)),
  }));
  const generator = startGenerator();
  try {
    const account = rate.accountOf(server);
    const { body, contentType } = await listOnce(server, account, rate.rows);
    const requests = [getRequest(target, account)];
    let busiest = 0;
    const run = async (port: number) => {
      const load = { port, connections, requests, seconds: loadSeconds };
      const { perSecond, generatorShare } = await generator.run(load);
      busiest = Math.max(busiest, generatorShare);
      return perSecond;
    };
    const contestants: Record<string, () => Promise<number>> = { ours: () => run(server.port) };
    for (const [index, { peer, helper }] of bare.entries()) {
      const logFile = peer.logs ? join(folder, `${index}.log`) : null;
      const peerAccount = peer.checksCredentials ? account : null;
      const order = { target, body, contentType, account: peerAccount, logFile };
      const port = await helper.ask(order);
      contestants[peer.name] = async () => {
        const perSecond = await run(port);
        // Minutes of load are gigabytes of log; the peer appends.
        if (logFile !== null) truncateSync(logFile);
        return perSecond;
      };
    }
    const rates = await inTurns(loadRounds, contestants);
    await listOnce(server, account, rate.rows);
    const ours = rates['ours'] ?? [];
    const generatorShare = `${(busiest * 100).toFixed(0)} % of a processor at most`;
    return rate.peers.map(({ name, limit }) => {
      const theirs = rates[name] ?? [];
      return {
        measure: `${rate.measure}, ${connections} connections`,
        ours: figure(ours, '/s'),
        peer: { ...figure(theirs, '/s'), name },
        value: ratioOf(ours, theirs).median,
        target: atLeast(limit),
        note: `${body.length} bytes of answer; the generator used ${generatorShare}`,
      };
    });
  } finally {
    await Promise.all([
      server.stop(),
      generator.stop(),
      ...bare.map(({ helper }) => helper.stop()),
    ]);
    rmSync(folder, { recursive: true, force: true });
  }
}
