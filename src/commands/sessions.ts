import { Option } from 'commander';
import type { ScanSettings } from '../config/config.ts';
import { capabilitiesOf } from '../terminal/capabilities.ts';
import { printable } from '../terminal/printable.ts';
import {
  defaultOrder,
  orderRows,
  type SessionOrder,
  type SortKey,
  sortKeys,
} from '../terminal/session-order.ts';
import { drawSessions } from '../terminal/session-table.ts';
import { drawHead, type Observation } from '../terminal/watch-frame.ts';
import type { Register } from './command.ts';
import { openCommandHost } from './command-host.ts';
import { type HostOptions, hostOptions } from './host-options.ts';
import { printJson, printJsonLine, printNote } from './output.ts';
import { type SessionView, viewHost } from './session-view.ts';
import { canRedraw, watchSessions } from './sessions-watch.ts';

interface SessionsOptions extends HostOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
  readonly sort?: SortKey;
  readonly reverse?: boolean;
  readonly active?: boolean;
}

/** `sessions` */
export const register: Register = (program, { scanSettings }) => {
  const command = program
    .command('sessions')
    .description('show who is connected by FTP: what the running server sees, or root itself')
    .option('--watch', 'scan again every second, until q or Ctrl-C; ? tells the other keys')
    .option('--json', 'print JSON; with --watch one line a scan')
    .addOption(new Option('--sort <column>', 'the order').choices(sortKeys))
    .option('--reverse', 'the other way round')
    .option('--active', 'only sessions with a transfer');
  for (const option of hostOptions('auditLog')) command.addOption(option);
  command.action((options: SessionsOptions) => showSessions(scanSettings(options), options));
};

/** Shows the sessions of this host on stdout, once or until a signal. */
async function showSessions(settings: ScanSettings, options: SessionsOptions): Promise<void> {
  const host = openCommandHost(settings, options);
  try {
    const view = viewHost(host);
    const order = {
      ...defaultOrder,
      key: options.sort ?? defaultOrder.key,
      isReversed: options.reverse === true,
      isActive: options.active === true,
    };
    if (options.watch !== true) return await showOnce(view, order, options);
    const isScreen = options.json !== true && canRedraw();
    await watchSessions(view, order, isScreen ? null : follower(view, order, options));
  } finally {
    host.close();
  }
}

async function showOnce(
  view: SessionView,
  order: SessionOrder,
  { json }: SessionsOptions,
): Promise<void> {
  const observation = await view.observe();
  if (json) printJson(documentOf(view, order, observation));
  else {
    const rows = orderRows(observation.rows, order);
    printLines(drawSessions(rows, observation.at, capabilitiesOf(process.stdout, process.env)));
  }
  printWarnings(observation.warnings);
}

/** Each scan below the one before; what is to be printed of it only when it changes. */
function follower(view: SessionView, order: SessionOrder, { json }: SessionsOptions) {
  let printed = '';
  return (observed: Observation | Error) => {
    const warnings = observed instanceof Error ? [observed.message] : observed.warnings;
    if (!(observed instanceof Error)) {
      if (json) printJsonLine(documentOf(view, order, observed));
      else printLines(frameOf(view, order, observed));
    }
    if (String(warnings) !== printed) printWarnings(warnings);
    printed = String(warnings);
  };
}

function frameOf(view: SessionView, order: SessionOrder, { at, rows }: Observation): string[] {
  const terminal = capabilitiesOf(process.stdout, process.env);
  const shown = orderRows(rows, order);
  const head = drawHead(view.name, rows, shown.length, order, terminal);
  return [...head, ...drawSessions(shown, at, terminal), ''];
}

function documentOf({ name }: SessionView, order: SessionOrder, observation: Observation) {
  const { at, rows, warnings } = observation;
  return { looked_at: at.toISOString(), host: name, sessions: orderRows(rows, order), warnings };
}

function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

function printWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) printNote(`warning: ${printable(warning)}`);
}
