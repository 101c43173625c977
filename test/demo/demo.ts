import { once, setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { asProgram } from '../support/as-program.ts';
import { fetchDaemons, type HostDaemon, startHostDaemon } from '../support/host-daemons.ts';
import { isFetched, natsServerProgram } from '../support/nats/nats-server-program.ts';
import { becomeSandbox, isSandbox, sandboxObstacle } from '../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../support/uapid.ts';
import { type Options, readOptions, usage } from './options.ts';
import { foldSentences, type SessionRow, sessionTable } from './table.ts';
import { dev, keepUsersBusy } from './traffic.ts';

/**
 * `demo.js [--daemon NAME] [--fleet N] [--seconds N]`: real daemons with users, and uapid beside them; or a
 * fleet of so many hosts; until Ctrl-C.
 */
async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    process.stderr.write(`${options} ${usage}\n`);
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
  if (options.fleet > 0 && !isFetched()) {
    print('Fetching pure-ftpd, nats-server and a Debian to start them in, once: a minute or two.');
  }
  const missing = (await fetchDaemons(options.daemons)) ?? (await fetchNats(options));
  if (missing !== undefined) {
    process.stderr.write(`${missing}\n`);
    return 2;
  }
  const self = fileURLToPath(import.meta.url);
  return await becomeSandbox([process.execPath, '--enable-source-maps', self, ...args]);
}

/** A sentence when a fleet's messaging server cannot be had. */
async function fetchNats({ fleet }: Options): Promise<string | undefined> {
  if (fleet === 0) return undefined;
  try {
    await natsServerProgram();
    return undefined;
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    return `Debian’s nats-server could not be fetched: ${reason}`;
  }
}

async function demonstrate({ seconds, daemons, fleet }: Options): Promise<void> {
  const end = new AbortController();
  // Every user of every daemon waits for it, so that there is no leak in many.
  setMaxListeners(0, end.signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => end.abort());
  }
  if (fleet > 0) {
    const timer = setTimeout(() => end.abort(), seconds * 1_000);
    const { demonstrateFleet } = await import('./fleet-demo.ts');
    await demonstrateFleet(fleet, end.signal, { print: printAbove, show: createShow() });
    clearTimeout(timer);
    print('\nEverything is taken down: the gateway, the hosts and their users, nats-server.');
    return;
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

/** Shows the answer once a second. */
async function showSessions(uapid: RunningUapid, ended: AbortSignal): Promise<void> {
  const show = createShow();
  while (!ended.aborted) {
    const { data, warnings } = await listSessions(uapid);
    show([new Date().toLocaleTimeString(), ...sessionTable(data, warnings)]);
    await sleep(1_000, undefined, { signal: ended }).catch(() => undefined);
  }
}

/** Lines of what was shown last that the next ones are to stand over. */
let shown = 0;

/** Prints lines: on a terminal over the last ones, else below them. */
function createShow(): (lines: readonly string[]) => void {
  return (lines) => {
    if (!process.stdout.isTTY) return print(`${lines.join('\n')}\n`);
    // Some terminals give no width.
    const folded = foldSentences(lines, process.stdout.columns || 80);
    const back = shown === 0 ? '' : `\x1b[${shown}F\x1b[J`;
    process.stdout.write(back + folded.map((line) => `${line}\n`).join(''));
    shown = folded.length;
  };
}

/** What stays in sight while the lines below it change. */
function printAbove(text: string): void {
  print(text);
  shown = 0;
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
