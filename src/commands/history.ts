import { pastOwnershipOf } from '../access/owner.ts';
import type { ScanSettings } from '../config/config.ts';
import { RefusedError } from '../lib/refused-error.ts';
import { createSystemUsers } from '../os/users/system-users.ts';
import {
  beginWarning,
  gapWarnings,
  transferWarnings,
  withheldWarning,
} from '../session-log/history-warnings.ts';
import type { GapLine, SessionLine } from '../session-log/log-line.ts';
import { beginOfHistory, followHistory, readHistory } from '../session-log/read-history.ts';
import type { HistoryQuery } from '../sessions/history.ts';
import type { Warning } from '../sessions/warning.ts';
import { printable } from '../terminal/printable.ts';
import { formatMoment } from '../terminal/units.ts';
import type { Register } from './command.ts';
import { accountNamed, accountsOf } from './command-host.ts';
import { addFleetOptions, fleetKeys, wantedFleet } from './fleet-options.ts';
import { addForget } from './history-forget.ts';
import { createJsonOutput, createTableOutput } from './history-output.ts';
import { type HistoryOptions, wishesOf } from './history-wishes.ts';
import { endWithReader, printNote } from './output.ts';
import { createProgressBar } from './progress-bar.ts';
import { settingOptions } from './setting-options.ts';
import { UsageError } from './usage-error.ts';

/** `history` */
export const register: Register = (program, { scanSettings, fleetPlace }) => {
  const command = program
    .command('history')
    .description('show which FTP sessions there were, from the session log, newest last')
    .option('--account <name>', 'only the sessions that this account may see')
    .option('--login <login>', 'of that FTP login; "*@shop.example" for those that end so')
    .option('--from <address>', 'from that IP address or range (ADDRESS/BITS)')
    .option('--since <time>', 'connected after that: 2d (ago; s, m, h, d, w), 03:12 or a date')
    .option('--until <time>', 'connected before that')
    .option('--at <time>', 'connected at that time')
    .option('--file <text>', 'that have transferred a file with this in its path')
    .option('--files', 'below each session the files that it has transferred')
    .option('--json', 'print the lines of the log, one JSON object each')
    .option('--follow', 'go on with each session as it ends, until Ctrl-C');
  addFleetOptions(command);
  for (const option of settingOptions(['stateDir', 'sessionLog', ...fleetKeys])) {
    command.addOption(option);
  }
  command.action(async (options: HistoryOptions) => {
    const { fleet: _fleet, server: _server, ...flags } = options;
    const place = wantedFleet(options, fleetPlace);
    const settings = scanSettings(flags);
    if (place === null) return showHistory(settings, options);
    if (options.follow) throw new UsageError(followText);
    // Its library is read for a fleet alone.
    const { showFleetHistory } = await import('./history-fleet.ts');
    await showFleetHistory(place, settings, options);
  });
  addForget(command, {
    settingsOf: scanSettings,
    logOf,
    queryOf: (settings, options) => queryOf(settings, options, new Date()),
    explain,
  });
};

const followText =
  '--follow reads the log of one host: go to that server, or call again with --since';

/** Shows sessions that were on stdout, once or until a signal. */
async function showHistory(settings: ScanSettings, options: HistoryOptions): Promise<void> {
  endWithReader();
  const now = new Date();
  const path = logOf(settings);
  const query = await queryOf(settings, options, now);
  await explain(path, async () => {
    await warnOfBegin(path, query, now);
    await show(path, query, options, now);
  });
}

async function show(
  path: string,
  query: HistoryQuery,
  { json, follow, files }: HistoryOptions,
  now: Date,
): Promise<void> {
  const rows: SessionLine[] = [];
  const gaps: GapLine[] = [];
  const output = json
    ? createJsonOutput()
    : createTableOutput({ isFollowed: follow === true, showsFiles: files === true, now });
  const bar = createProgressBar(process.stderr);
  let isFollowing = false;
  let isWithheld = false;
  const reader = {
    onSession: (line: SessionLine) => {
      if (isFollowing) output.later(line);
      else rows.push(line);
    },
    onGap: (gap: GapLine) => {
      if (isFollowing) warnOfGaps([gap], now);
      else gaps.push(gap);
    },
    onProgress: bar.show,
    onWithheld: () => {
      isWithheld = true;
    },
  };
  const onCaughtUp = () => {
    bar.close();
    output.first(rows);
    warnOfGaps(gaps, now);
    if (isWithheld) printWarnings([withheldWarning]);
    if (!json) printWarnings(transferWarnings(rows));
    isFollowing = true;
  };
  if (follow) {
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    await followHistory(path, query, { ...reader, onCaughtUp }, stop.signal);
  } else {
    await readHistory(path, query, reader);
    onCaughtUp();
  }
}

function logOf({ sessionLog }: ScanSettings): string {
  if (sessionLog !== null) return sessionLog.path;
  throw new UsageError(
    'no session log is kept: start the server with --session-log FILE, or name its file here',
  );
}

async function queryOf(
  settings: ScanSettings,
  options: HistoryOptions,
  now: Date,
): Promise<HistoryQuery> {
  const wishes = wishesOf(options, now);
  const accounts = accountsOf(settings);
  const asked = accountNamed(options.account, accounts);
  const { scope, warnings } = await pastOwnershipOf(asked, accounts, createSystemUsers());
  printWarnings(warnings);
  return { scope, ...wishes };
}

/** An answer without sessions is no promise for a time from before the log. */
async function warnOfBegin(path: string, query: HistoryQuery, now: Date): Promise<void> {
  const since = query.since ?? query.until;
  const warning = beginWarning(await beginOfHistory(path), since, (at) => formatMoment(at, now));
  if (warning !== null) printWarnings([warning]);
}

function warnOfGaps(gaps: readonly GapLine[], now: Date): void {
  printWarnings(gapWarnings(gaps, (at) => formatMoment(at, now)));
}

function printWarnings(warnings: readonly Warning[]): void {
  for (const { text } of warnings) printNote(`warning: ${printable(text)}`);
}

/** Says of a log that may not be read who may. */
async function explain(path: string, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    const { code, path: file = path } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new RefusedError('refused', `the session log ${path} may be read by root alone`);
    }
    if (code === 'ENOENT') throw new Error(`there is no session log ${path}`);
    if (code === 'ELOOP') throw new Error(`${file} is a symbolic link, which is not followed`);
    throw code === undefined || !code.startsWith('Z_') ? error : damaged(file, error as Error);
  }
}

function damaged(file: string, { message }: Error): Error {
  return new Error(`${file} of the session log is damaged: ${message}`);
}
