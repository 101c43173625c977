import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import psList from 'ps-list';
import { pureFtpdPrograms } from '../../support/daemons.ts';
import { listOnce, openLister } from '../lists.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { Scene } from '../scene.ts';
import { startServer } from '../server.ts';
import { ratioOf } from '../statistics.ts';
import { inTurns, timed } from '../timing.ts';

const runProgram = promisify(execFile);
const maxBuffer = 2 ** 26;

/** One full list over HTTP, against the programs that list sessions or processes. */
export async function measureListTime(scene: Scene): Promise<Result[]> {
  const { sessions, listRounds, warmUpLists } = scene.sizes;
  await scene.hold(sessions);
  const programs = await pureFtpdPrograms();
  const env = { ...process.env, ...programs.env };
  const run = (file: string, ...args: string[]) =>
    timed(() => runProgram(file, args, { env, maxBuffer }));
  const server = await startServer();
  try {
    const { body } = await listOnce(server, server.admin, sessions);
    const lister = await openLister(server, server.admin);
    // As a server is that has been asked for a while: a JavaScript engine compiles what is used.
    for (let list = 0; list < warmUpLists; list += 1) await lister.list();
    const times = await inTurns(listRounds, {
      http: () => timed(lister.list),
      pureFtpwho: () => run(programs.pureFtpwho, '-s', '-n'),
      psList: () => timed(() => psList()),
      // As ps-list runs it.
      ps: () => run('ps', 'awwxo', 'pid,ppid,uid,%cpu,%mem,lstart,comm,args'),
      nothing: () => run('true'),
    });
    lister.close();
    await listOnce(server, server.admin, sessions);
    const against = (name: string, peer: number[], limit: number, note: string): Result => ({
      measure: `one full list over HTTP, ${sessions} sessions`,
      ours: figure(times.http, 'ms'),
      peer: { ...figure(peer, 'ms'), name },
      value: ratioOf(times.http, peer).median,
      target: atMost(limit),
      note,
    });
    const starting = `starting \`true\` takes ${figure(times.nothing, 'ms').median.toFixed(1)} ms`;
    return [
      against('pure-ftpwho -s -n', times.pureFtpwho, 0.35, starting),
      against('ps-list', times.psList, 0.04, `${body.length} bytes of answer`),
      against('ps', times.ps, 0.1, ''),
    ];
  } finally {
    await server.stop();
  }
}
