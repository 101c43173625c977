import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { listOnce, openLister } from '../lists.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { Scene } from '../scene.ts';
import { type BenchServer, startServer } from '../server.ts';
import { ratioOf } from '../statistics.ts';
import { inTurns, timed } from '../timing.ts';

/** Sessions that come and go at a time, to see that the log is kept. */
const visits = 3;
const withMetrics = ['--metrics', 'http://127.0.0.1:0'];

/** What keeping the session log costs a list and a scan: a server that keeps one, and one that does not. */
export async function measureSessionLog(scene: Scene): Promise<Result[]> {
  const { sessions, warmUpLists, listRounds, scanRounds, scansARound } = scene.sizes;
  await scene.hold(sessions);
  const directory = mkdtempSync(join(tmpdir(), 'uapid-bench-log-'));
  const path = join(directory, 'sessions.log');
  const servers: BenchServer[] = [];
  try {
    const kept = await startServer([], [...withMetrics, '--session-log', path]);
    servers.push(kept);
    const none = await startServer([], withMetrics);
    servers.push(none);
    await seeThatItIsKept(scene, path);
    for (const server of servers) await listOnce(server, server.admin, sessions);
    const [keptLister, noneLister] = await Promise.all([
      openLister(kept, kept.admin),
      openLister(none, none.admin),
    ]);
    for (let list = 0; list < warmUpLists; list += 1) {
      await keptLister.list();
      await noneLister.list();
    }
    const lists = await inTurns(listRounds * 5, {
      kept: () => timed(keptLister.list),
      none: () => timed(noneLister.list),
    });
    const scans = await inTurns(scanRounds * 5, {
      kept: () => scanTime(kept, keptLister.list, scansARound),
      none: () => scanTime(none, noneLister.list, scansARound),
    });
    keptLister.close();
    noneLister.close();
    for (const server of servers) await listOnce(server, server.admin, sessions);
    const against = (measure: string, times: typeof lists, note: string): Result => ({
      measure: `${measure}, ${sessions} sessions, with a session log`,
      ours: figure(times.kept, 'ms'),
      peer: { ...figure(times.none, 'ms'), name: 'the same without' },
      value: ratioOf(times.kept, times.none).median,
      target: atMost(1.05),
      note,
    });
    return [
      against('one full list over HTTP', lists, 'both servers run, and are asked in turns'),
      against('a scan', scans, `as the server’s metrics tell, means of ${scansARound} lists`),
    ];
  } finally {
    for (const server of servers) await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Sessions that come and go are in the log: a measure without one would tell nothing. The recorder may begin
 * later than the server listens, so they come until it has some.
 */
async function seeThatItIsKept(scene: Scene, path: string): Promise<void> {
  const hasSome = async () => {
    await scene.visit(visits);
    return existsSync(path) && readFileSync(path, 'utf8').includes('{"event":"session"');
  };
  await until(hasSome, { what: 'there are sessions in the log', everyMs: 200 });
}

/** Milliseconds of a scan, on average of so many lists and what asking for the figures needs. */
async function scanTime(
  server: BenchServer,
  list: () => Promise<void>,
  count: number,
): Promise<number> {
  const before = await scansOf(server);
  for (let each = 0; each < count; each += 1) await list();
  const after = await scansOf(server);
  const scans = after.count - before.count;
  if (!(scans >= count)) throw new Error(`${count} lists were ${scans} scans`);
  return ((after.seconds - before.seconds) * 1_000) / scans;
}

async function scansOf(server: BenchServer): Promise<{ seconds: number; count: number }> {
  const text = await server.metrics();
  const value = (name: string) =>
    Number(new RegExp(`^uapid_look_duration_seconds_${name} (\\S+)$`, 'm').exec(text)?.[1]);
  return { seconds: value('sum'), count: value('count') };
}
