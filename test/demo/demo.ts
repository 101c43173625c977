import { once, setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { asProgram } from '../support/as-program.ts';
import {
  type DaemonName,
  daemonNames,
  fetchDaemons,
  type HostDaemon,
  startHostDaemon,
} from '../support/host-daemons.ts';
import { becomeSandbox, isSandbox, sandboxObstacle } from '../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../support/uapid.ts';
import { type SessionRow, sessionTable } from './table.ts';
import { dev, keepUsersBusy } from './traffic.ts';

/** In seconds; what a terminal that was forgotten costs at most. */
const day = 86_400;

interface Options {
  readonly seconds: number;
  readonly daemons: readonly DaemonName[];
}

/** `demo.js [--daemon NAME] [--seconds N]`: real daemons with users, and uapid beside them, until Ctrl-C. */
async function main(args: string[]): Promise<number> {
  const options = optionsOf(args);
  if (typeof options === 'string') {
    process.stderr.write(
      `${options} Usage: npm run demo -- [--daemon ${daemonNames.join('|')}|all] [--seconds N], N from 1 to ${day}\n`,
    );
    return 2;
  }
  if (isSandbox()) {
    await demonstrate(options);
    return 0;
  }
  const obstacle = sandboxObstacle();
  if (obstacle !== undefined) {
    process.stderr.write(
      'The demo starts FTP daemons in a sandbox of its own (a private process table, private ' +
        `users) and cannot do so here: ${obstacle}. Run it as root on Linux.\n`,
    );
    return 2;
  }
  const missing = await fetchDaemons(options.daemons);
  if (missing !== undefined) {
    process.stderr.write(`${missing}\n`);
    return 2;
  }
  const self = fileURLToPath(import.meta.url);
  return await becomeSandbox([process.execPath, '--enable-source-maps', self, ...args]);
}

/** pure-ftpd alone and a day unless given; a sentence when the arguments are wrong. */
function optionsOf(args: string[]): Options | string {
  try {
    const { values } = parseArgs({
      args,
      options: { seconds: { type: 'string' }, daemon: { type: 'string' } },
    });
    const seconds = Number(values.seconds ?? day);
    if (!(seconds >= 1 && seconds <= day)) return `The demo cannot last ${values.seconds} seconds.`;
    const wanted = values.daemon ?? 'pure-ftpd';
    const daemons = daemonNames.filter((name) => wanted === 'all' || wanted === name);
    if (daemons.length === 0) return `The demo knows no FTP daemon “${wanted}”.`;
    return { seconds, daemons };
  } catch (error) {
    return `${(error as Error).message.split('. ')[0]}.`;
  }
}

async function demonstrate({ seconds, daemons }: Options): Promise<void> {
  const end = new AbortController();
  // Every user of every daemon waits for it, so that there is no leak in many.
  setMaxListeners(0, end.signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => end.abort());
  }
  const ftpds: HostDaemon[] = [];
  for (const name of daemons) {
    ftpds.push(await startHostDaemon(name, { throttle: 200, logins: [dev] }));
  }
  const uapid = await startUapid(['--log-level', 'warn']);
  for (const { name, host, port } of ftpds) {
    print(`${name} runs on ${host}:${port} with a few busy users.`);
  }
  print('Ask uapid yourself:');
  print(`  curl -u ${uapid.user}:${uapid.password} ${uapid.url}/Ftp/list_sessions`);
  print('Ctrl-C ends it.\n');
  const timer = setTimeout(() => end.abort(), seconds * 1_000);
  const busy = Promise.all([
    ...ftpds.map((ftpd) => keepUsersBusy(ftpd, end.signal)),
    showSessions(uapid, end.signal),
  ]);
  try {
    await Promise.race([busy, once(end.signal, 'abort')]);
  } finally {
    clearTimeout(timer);
    end.abort();
    // A vsftpd whose client has gone sends the file to its end, so the users leave with the daemons.
    await Promise.all(ftpds.map((ftpd) => ftpd.stop()));
    await Promise.allSettled([busy]);
    await uapid.stop();
    print(`\nEverything is taken down: uapid, ${daemons.join(', ')}, its users and their files.`);
  }
}

/** Prints the answer once a second: on a terminal over the last one, else below it. */
async function showSessions(uapid: RunningUapid, ended: AbortSignal): Promise<void> {
  let shown = 0;
  while (!ended.aborted) {
    const { data, warnings } = await listSessions(uapid);
    const lines = [new Date().toLocaleTimeString(), ...sessionTable(data, warnings)];
    if (process.stdout.isTTY) {
      // Some terminals give no width.
      const width = process.stdout.columns || 80;
      const back = shown === 0 ? '' : `\x1b[${shown}F\x1b[J`;
      process.stdout.write(back + lines.map((line) => `${line.slice(0, width)}\n`).join(''));
      shown = lines.length;
    } else {
      print(`${lines.join('\n')}\n`);
    }
    await sleep(1_000, undefined, { signal: ended }).catch(() => undefined);
  }
}

async function listSessions(uapid: RunningUapid) {
  const credential = Buffer.from(`${uapid.user}:${uapid.password}`).toString('base64');
  const response = await fetch(`${uapid.url}/Ftp/list_sessions`, {
    headers: { authorization: `Basic ${credential}` },
  });
  if (!response.ok) {
    throw new Error(`uapid answered ${response.status}. ${uapid.log().trim()}`);
  }
  const { result } = (await response.json()) as {
    result: { data: SessionRow[] | null; errors: string[] | null; warnings: string[] | null };
  };
  if (result.data === null) {
    throw new Error(`uapid answered: ${result.errors?.join(' ')}`);
  }
  return { data: result.data, warnings: result.warnings };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

await asProgram(() => main(process.argv.slice(2)));
