import { setTimeout as delay } from 'node:timers/promises';
import type { ScanSettings } from '../config/config.ts';
import type { Capabilities } from '../terminal/capabilities.ts';
import { capabilitiesOf } from '../terminal/capabilities.ts';
import { printable } from '../terminal/printable.ts';
import { openScreen } from '../terminal/screen.ts';
import { drawSessions, drawWarnings, type SessionRow } from '../terminal/session-table.ts';
import { keepTransfers, listTransfers } from '../uapi/Ftp/list_transfers.ts';
import type { Register } from './command.ts';
import { type CommandHost, openCommandHost } from './command-host.ts';
import { type HostOptions, hostOptions } from './host-options.ts';
import { endWithReader, printJson, printJsonLine, printNote } from './output.ts';

interface SessionsOptions extends HostOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

const tickMs = 1000;
/** Of a terminal that does not tell. */
const defaultRows = 24;

/** `sessions` */
export const register: Register = (program, { scanSettings }) => {
  const command = program
    .command('sessions')
    .description('show who is connected by FTP: what the running server sees, or root itself')
    .option('--watch', 'scan again every second, until Ctrl-C')
    .option('--json', 'print JSON; with --watch one line a scan');
  for (const option of hostOptions()) command.addOption(option);
  command.action((options: SessionsOptions) => showSessions(scanSettings(options), options));
};

/** Shows the sessions of this host on stdout, once or until a signal. */
async function showSessions(settings: ScanSettings, options: SessionsOptions): Promise<void> {
  const host = openCommandHost(settings, options);
  try {
    const observed = { ...host, kept: keepTransfers() };
    await (options.watch ? watch(observed, options) : showOnce(observed, options));
  } finally {
    host.close();
  }
}

/** What a scan showed. */
interface Observation {
  readonly at: Date;
  readonly rows: readonly SessionRow[];
  readonly warnings: readonly string[];
}

/** What scans are made with, one after the other. */
interface ObservedHost extends CommandHost {
  readonly kept: ReturnType<typeof keepTransfers>;
}

async function observe({ account, host, kept }: ObservedHost): Promise<Observation> {
  const at = new Date();
  const call = { account, args: new Map(), by: account.name, address: '', unsentBytes: () => 0 };
  const { data, warnings } = await listTransfers.run({ ...call, host, kept });
  return { at, rows: data, warnings: (warnings ?? []).map(({ text }) => text) };
}

async function showOnce(host: ObservedHost, { json }: SessionsOptions): Promise<void> {
  const observation = await observe(host);
  if (json) printJson(documentOf(observation));
  else
    printLines(
      drawSessions(observation.rows, observation.at, capabilitiesOf(process.stdout, process.env)),
    );
  printWarnings(observation.warnings);
}

async function watch(host: ObservedHost, options: SessionsOptions): Promise<void> {
  endOnSignal();
  endWithReader();
  // A first scan that is not possible is no watch.
  let observation: Observation | Error = await observe(host);
  const show = options.json || !canRedraw() ? follower(options) : redrawer();
  for (;;) {
    const shownAt = performance.now();
    show(observation);
    await delay(tickMs - (performance.now() - shownAt));
    observation = await observe(host).catch((error: Error) => error);
  }
}

function canRedraw(): boolean {
  return process.stdout.isTTY && process.env['TERM'] !== 'dumb';
}

/** Each scan below the one before; what is to be printed of it only when it changes. */
function follower({ json }: SessionsOptions): (observation: Observation | Error) => void {
  let printed = '';
  return (observation) => {
    const warnings = observation instanceof Error ? [observation.message] : observation.warnings;
    if (!(observation instanceof Error)) {
      const terminal = capabilitiesOf(process.stdout, process.env);
      if (json) printJsonLine(documentOf(observation));
      else printLines([...drawSessions(observation.rows, observation.at, terminal), '']);
    }
    if (String(warnings) !== printed) printWarnings(warnings);
    printed = String(warnings);
  };
}

/** Each scan in place of the one before. */
function redrawer(): (observation: Observation | Error) => void {
  const screen = openScreen(process.stdout);
  let last: Observation | Error;
  const draw = () => {
    const lines = frame(last, capabilitiesOf(process.stdout, process.env));
    screen.draw(clipped(lines, process.stdout.rows || defaultRows));
  };
  process.stdout.on('resize', draw);
  return (observation) => {
    last = observation;
    draw();
  };
}

interface Frame {
  readonly table: readonly string[];
  readonly below: readonly string[];
}

/** What was seen before is not shown when nothing is seen now: it would look as if it still were so. */
function frame(observation: Observation | Error, terminal: Capabilities): Frame {
  if (observation instanceof Error) {
    return { table: [], below: drawWarnings([`${observation.message} Asking again.`], terminal) };
  }
  return {
    table: drawSessions(observation.rows, observation.at, terminal),
    below: drawWarnings(observation.warnings, terminal),
  };
}

/** No more lines than the terminal has; what is below the table always shows. */
function clipped({ table, below }: Frame, rows: number): string[] {
  const room = Math.max(2, rows - below.length);
  if (table.length <= room) return [...table, ...below];
  const hidden = table.length - room + 1;
  return [...table.slice(0, room - 1), `${hidden} more`, ...below];
}

function documentOf({ at, rows, warnings }: Observation) {
  return { looked_at: at.toISOString(), sessions: rows, warnings };
}

function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

function printWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) printNote(`warning: ${printable(warning)}`);
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
