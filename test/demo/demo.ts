import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pureFtpdPrograms } from '../support/daemons.ts';
import { startPureFtpd } from '../support/pure-ftpd.ts';
import { becomeSandbox, isSandbox, sandboxObstacle } from '../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../support/uapid.ts';
import { type SessionRow, sessionTable } from './table.ts';
import { dev, keepUsersBusy } from './traffic.ts';

/** In seconds; what a terminal that was forgotten costs at most. */
const day = 86_400;

/** `demo.js [--seconds N]`: a real pure-ftpd with users, and uapid beside it, until Ctrl-C. */
async function main(args: string[]): Promise<number> {
  const seconds = secondsOf(args);
  if (seconds === undefined) {
    process.stderr.write(`Usage: npm run demo -- [--seconds N], N from 1 to ${day}\n`);
    return 2;
  }
  if (isSandbox()) {
    await demonstrate(seconds);
    return 0;
  }
  const obstacle = sandboxObstacle();
  if (obstacle !== undefined) {
    process.stderr.write(
      'The demo starts an FTP daemon in a sandbox of its own (a private process table, private ' +
        `users) and cannot do so here: ${obstacle}. Run it as root on Linux.\n`,
    );
    return 2;
  }
  await pureFtpdPrograms();
  const self = fileURLToPath(import.meta.url);
  return await becomeSandbox([process.execPath, '--enable-source-maps', self, ...args]);
}

/** The seconds that the demo lasts, a day unless given; undefined when the arguments are wrong. */
function secondsOf(args: string[]): number | undefined {
  try {
    const { values } = parseArgs({ args, options: { seconds: { type: 'string' } } });
    const seconds = Number(values.seconds ?? day);
    return seconds >= 1 && seconds <= day ? seconds : undefined;
  } catch {
    return undefined;
  }
}

async function demonstrate(seconds: number): Promise<void> {
  const end = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => end.abort());
  }
  const ftpd = await startPureFtpd({ throttle: 200, virtualUsers: [dev] });
  const uapid = await startUapid(['--log-level', 'warn']);
  print(`pure-ftpd runs on ${ftpd.host}:${ftpd.port} with a few busy users. Ask uapid yourself:`);
  print(`  curl -u ${uapid.user}:${uapid.password} ${uapid.url}/Ftp/list_sessions`);
  print('Ctrl-C ends it.\n');
  const timer = setTimeout(() => end.abort(), seconds * 1_000);
  try {
    await Promise.all([keepUsersBusy(ftpd, end.signal), showSessions(uapid, end.signal)]);
  } finally {
    clearTimeout(timer);
    await uapid.stop();
    await ftpd.stop();
    print('\nEverything is taken down: uapid, pure-ftpd, its users and their files.');
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

process.exitCode = await main(process.argv.slice(2));
