import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import type { Delays } from '../delay-probe.ts';
import { startGenerator } from '../generator.ts';
import { type Account, getRequest } from '../http-connection.ts';
import { listOnce, target } from '../lists.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { Scene } from '../scene.ts';
import { startServer } from '../server.ts';

/** How late the worker's event loop is under full load: of full lists, and of short ones. */
export async function measureLoopDelay(scene: Scene): Promise<Result[]> {
  const { sessions, connections, delaySeconds } = scene.sizes;
  await scene.hold(sessions);
  const directory = mkdtempSync(join(tmpdir(), 'delays-'));
  // The worker has no rights and writes here too.
  chmodSync(directory, 0o777);
  const probe = new URL('../delay-probe.js', import.meta.url);
  probe.searchParams.set('directory', directory);
  const server = await startServer(['--import', probe.href]);
  const generator = startGenerator();
  let asked = 0;
  const delaysOf = async (pid: number, number: number): Promise<Delays> => {
    const file = join(directory, `${pid}-${number}.json`);
    const written = () => existsSync(file) && readFileSync(file, 'utf8');
    return JSON.parse(await until(written, { what: 'the event loop’s delays are told' }));
  };
  /** What each side's loop did since the last call. */
  const delays = async () => {
    asked += 1;
    for (const pid of server.pids) {
      process.kill(pid, 'SIGWINCH');
    }
    const number = asked;
    return {
      privileged: await delaysOf(server.monitorPid, number),
      scanner: await delaysOf(server.scannerPid, number),
      http: await delaysOf(server.httpPid, number),
    };
  };
  const underLoad = async (account: Account, what: string): Promise<Result> => {
    const load = { port: server.port, connections, requests: [getRequest(target, account)] };
    await generator.run({ ...load, seconds: delaySeconds / 5 });
    await delays();
    const { perSecond } = await generator.run({ ...load, seconds: delaySeconds });
    const { http, privileged, scanner } = await delays();
    const other = `; monitor p99 ${show(privileged.p99)}, scanner ${show(scanner.p99)}`;
    return {
      measure: `p99 event-loop delay of the worker, ${connections} connections, ${what}`,
      ours: figure([http.p99], 'ms'),
      peer: null,
      value: http.p99,
      target: atMost(20),
      note: `p50 ${show(http.p50)}, max ${show(http.max)} at ${perSecond.toFixed(0)}/s${other}`,
    };
  };
  try {
    await listOnce(server, server.admin, sessions);
    await listOnce(server, server.user, 5);
    return [
      await underLoad(server.admin, `lists of ${sessions}`),
      await underLoad(server.user, 'lists of 5'),
    ];
  } finally {
    await Promise.all([server.stop(), generator.stop()]);
    rmSync(directory, { recursive: true });
  }
}

function show(ms: number): string {
  return `${ms.toFixed(1)} ms`;
}
