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

/** Requests per second for the account with few sessions. */
export function measureUserRate(scene: Scene): Promise<Result[]> {
  return measureRate(scene, {
    measure: `requests/s, one account with ${fewSessions.count} of ${scene.sizes.sessions} sessions`,
    accountOf: ({ user }) => user,
    rows: fewSessions.count,
    peer: 'bare Fastify with @fastify/basic-auth',
    peerChecks: true,
    limit: 0.7,
  });
}

/** Requests per second for the list of all sessions. */
export function measureAdminRate(scene: Scene): Promise<Result[]> {
  return measureRate(scene, {
    measure: `requests/s, an admin’s list of ${scene.sizes.sessions}`,
    accountOf: ({ admin }) => admin,
    rows: scene.sizes.sessions,
    peer: 'bare Fastify',
    peerChecks: false,
    limit: 0.5,
  });
}

interface Rate {
  readonly measure: string;
  readonly accountOf: (server: BenchServer) => Account;
  readonly rows: number;
  readonly peer: string;
  /** True when the peer checks credentials too. */
  readonly peerChecks: boolean;
  readonly limit: number;
}

async function measureRate(scene: Scene, rate: Rate): Promise<Result[]> {
  const { sessions, connections, loadRounds, loadSeconds } = scene.sizes;
  await scene.hold(sessions);
  const server = await startServer();
  const bare = startHelper<BareServer, number>(new URL('../bare-fastify.js', import.meta.url));
  const generator = startGenerator();
  try {
    const account = rate.accountOf(server);
    const { body, contentType } = await listOnce(server, account, rate.rows);
    const peerAccount = rate.peerChecks ? account : null;
    const barePort = await bare.ask({ target, body, contentType, account: peerAccount });
    const requests = [getRequest(target, account)];
    let busiest = 0;
    const run = async (port: number) => {
      const load = { port, connections, requests, seconds: loadSeconds };
      const { perSecond, generatorShare } = await generator.run(load);
      busiest = Math.max(busiest, generatorShare);
      return perSecond;
    };
    const rates = await inTurns(loadRounds, {
      ours: () => run(server.port),
      bare: () => run(barePort),
    });
    await listOnce(server, account, rate.rows);
    const generatorShare = `${(busiest * 100).toFixed(0)} % of a processor at most`;
    return [
      {
        measure: `${rate.measure}, ${connections} connections`,
        ours: figure(rates.ours, '/s'),
        peer: { ...figure(rates.bare, '/s'), name: rate.peer },
        value: ratioOf(rates.ours, rates.bare).median,
        target: atLeast(rate.limit),
        note: `${body.length} bytes of answer; the generator used ${generatorShare}`,
      },
    ];
  } finally {
    await Promise.all([server.stop(), bare.stop(), generator.stop()]);
  }
}
