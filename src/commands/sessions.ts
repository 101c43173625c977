import { setTimeout as delay } from 'node:timers/promises';
import type { ScanSettings } from '../config/config.ts';
import type { Look } from '../terminal/look.ts';
import { lookOf } from '../terminal/look.ts';
import { printable } from '../terminal/printable.ts';
import { openScreen } from '../terminal/screen.ts';
import { drawSessions, drawWarnings, type SessionRow } from '../terminal/session-table.ts';
import { keepTransfers, listTransfers } from '../uapi/Ftp/list_transfers.ts';
import type { Register } from './command.ts';
import { type CommandHost, openCommandHost } from './command-host.ts';
import { type HostOptions, hostOptions } from './host-options.ts';
import { note, printJson, printJsonLine } from './output.ts';

interface SessionsOptions extends HostOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

const tickMs = 1000;
/** Of a terminal that does not tell. */
const usualRows = 24;

/** `sessions` */
export const register: Register = (program, { look }) => {
  const command = program
    .command('sessions')
    .description('show who is connected by FTP: what the running server sees, or root itself')
    .option('--watch', 'look again every second, until Ctrl-C')
    .option('--json', 'print JSON; with --watch one line a look');
  for (const option of hostOptions()) command.addOption(option);
  command.action((options: SessionsOptions) => showSessions(look(options), options));
};

/** Shows the sessions of this host on stdout, once or until a signal. */
async function showSessions(settings: ScanSettings, options: SessionsOptions): Promise<void> {
  endWithReader();
  const host = openCommandHost(settings, options);
  try {
    const looking = { ...host, kept: keepTransfers() };
    await (options.watch ? watch(looking, options) : showOnce(looking, options));
  } finally {
    host.close();
  }
}

/** What a look showed. */
interface Sight {
  readonly at: Date;
  readonly rows: readonly SessionRow[];
  readonly warnings: readonly string[];
}

/** What looks are made with, one after the other. */
interface Looking extends CommandHost {
  readonly kept: ReturnType<typeof keepTransfers>;
}

async function lookAt({ account, host, kept }: Looking): Promise<Sight> {
  const at = new Date();
  const call = { account, args: new Map(), by: account.name, address: '' };
  const { data, warnings } = await listTransfers.run({ ...call, host, kept });
  return { at, rows: data, warnings: warnings ?? [] };
}

async function showOnce(host: Looking, { json }: SessionsOptions): Promise<void> {
  const sight = await lookAt(host);
  if (json) printJson(documentOf(sight));
  else printLines(drawSessions(sight.rows, sight.at, lookOf(process.stdout, process.env)));
  noteWarnings(sight.warnings);
}

async function watch(host: Looking, options: SessionsOptions): Promise<void> {
  endOnSignal();
  // A first look that is not possible is no watch.
  let sight: Sight | Error = await lookAt(host);
  const show = options.json || !canRedraw() ? follower(options) : redrawer();
  for (;;) {
    const shownAt = performance.now();
    show(sight);
    await delay(tickMs - (performance.now() - shownAt));
    sight = await lookAt(host).catch((error: Error) => error);
  }
}

function canRedraw(): boolean {
  return process.stdout.isTTY && process.env['TERM'] !== 'dumb';
}

/** Each look below the one before; what is to be said of it only when it changes. */
function follower({ json }: SessionsOptions): (sight: Sight | Error) => void {
  let said = '';
  return (sight) => {
    const warnings = sight instanceof Error ? [sight.message] : sight.warnings;
    if (!(sight instanceof Error)) {
      const look = lookOf(process.stdout, process.env);
      if (json) printJsonLine(documentOf(sight));
      else printLines([...drawSessions(sight.rows, sight.at, look), '']);
    }
    if (String(warnings) !== said) noteWarnings(warnings);
    said = String(warnings);
  };
}

/** Each look in place of the one before. */
function redrawer(): (sight: Sight | Error) => void {
  const screen = openScreen(process.stdout);
  let last: Sight | Error;
  const draw = () => {
    const lines = frame(last, lookOf(process.stdout, process.env));
    screen.draw(clipped(lines, process.stdout.rows || usualRows));
  };
  process.stdout.on('resize', draw);
  return (sight) => {
    last = sight;
    draw();
  };
}

interface Frame {
  readonly table: readonly string[];
  readonly below: readonly string[];
}

/** What was seen before is not shown when nothing is seen now: it would look as if it still were so. */
function frame(sight: Sight | Error, look: Look): Frame {
  if (sight instanceof Error) {
    return { table: [], below: drawWarnings([`${sight.message} Asking again.`], look) };
  }
  return {
    table: drawSessions(sight.rows, sight.at, look),
    below: drawWarnings(sight.warnings, look),
  };
}

/** No more lines than the terminal has; what is below the table always shows. */
function clipped({ table, below }: Frame, rows: number): string[] {
  const room = Math.max(2, rows - below.length);
  if (table.length <= room) return [...table, ...below];
  const hidden = table.length - room + 1;
  return [...table.slice(0, room - 1), `${hidden} more`, ...below];
}

function documentOf({ at, rows, warnings }: Sight) {
  return { looked_at: at.toISOString(), sessions: rows, warnings };
}

function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

function noteWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) note(`warning: ${printable(warning)}`);
}

/**
 * Ctrl-C is how a watch ends, so it is no failure; other signals are told as a shell tells them, by
 * 128 and their number.
 */
function endOnSignal(): void {
  process.once('SIGINT', () => process.exit(0));
  process.once('SIGHUP', () => process.exit(129));
  process.once('SIGTERM', () => process.exit(143));
}

/** A reader that wants no more, as head(1), is no failure. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
