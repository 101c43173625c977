import type { Command } from 'commander';
import type { ScanSettings } from '../config/config.ts';
import { countForgotten, forgetSessions } from '../session-log/forget-sessions.ts';
import { createFilter } from '../session-log/history-query.ts';
import type { HistoryQuery } from '../sessions/history.ts';
import { printNote } from './output.ts';
import { settingOptions } from './setting-options.ts';
import { UsageError } from './usage-error.ts';

interface ForgetOptions {
  readonly account?: string;
  readonly login?: string;
  readonly from?: string;
  readonly yes?: boolean;
}

/** Options of `history` that say nothing here. */
const others = ['since', 'until', 'at', 'file', 'files', 'json', 'follow', 'fleet', 'server'];

/** What of `history` this needs, too. */
interface HistoryTools {
  readonly settingsOf: (options: object) => ScanSettings;
  readonly logOf: (settings: ScanSettings) => string;
  readonly queryOf: (settings: ScanSettings, options: ForgetOptions) => Promise<HistoryQuery>;
  readonly explain: (path: string, read: () => Promise<void>) => Promise<void>;
}

/** `history forget` */
export function addForget(history: Command, tools: HistoryTools): void {
  const command = history
    .command('forget')
    .description('delete the lines of one person from the session log, also from its old files')
    .option('--account <name>', 'the sessions that this account may see')
    .option('--login <login>', 'of that FTP login; "*@shop.example" for those that end so')
    .option('--from <address>', 'from that IP address or range (ADDRESS/BITS)')
    .option('--yes', 'delete them; without it they are only counted');
  for (const option of settingOptions(['stateDir', 'sessionLog'])) command.addOption(option);
  // Those that have the name of one of `history` are that one's.
  command.action(() => forget(command.optsWithGlobals(), tools));
}

async function forget(
  options: ForgetOptions,
  { settingsOf, logOf, queryOf, explain }: HistoryTools,
): Promise<void> {
  const { account, login, from, yes } = options;
  if ((account ?? login ?? from) === undefined) {
    throw new UsageError('name whose lines are to go: --login, --from or --account');
  }
  const other = others.find((name) => name in options);
  if (other !== undefined) throw new UsageError(`--${other} goes without forget`);
  const settings = settingsOf(options);
  const path = logOf(settings);
  const query = await queryOf(settings, options);
  if (account !== undefined && query.scope.kind === 'everybody') {
    throw new UsageError(
      `${JSON.stringify(account)} is an administrator's account: that is everybody`,
    );
  }
  const { matches } = createFilter(query);
  await explain(path, async () => {
    const count = yes ? await forgetSessions(path, matches) : await countForgotten(path, matches);
    const lines = count === 1 ? '1 line' : `${count} lines`;
    printNote(yes ? `${lines} deleted` : `${lines} would be deleted; with --yes they are`);
  });
}
