import type { Command } from 'commander';
import { hostOptions, type LookSettingsOf } from './host-options.ts';
import type { SessionsOptions } from './show-sessions.ts';

/** Adds `sessions` to the program. */
export function registerSessionsCommand(program: Command, settingsOf: LookSettingsOf): void {
  const command = program
    .command('sessions')
    .description('show who is connected by FTP: what the running server sees, or root itself')
    .option('--watch', 'look again every second, until Ctrl-C')
    .option('--json', 'print JSON; with --watch one line a look');
  for (const option of hostOptions()) command.addOption(option);
  command.action(async (options: SessionsOptions) => {
    // Loaded here because no other command needs the looking.
    const { showSessions } = await import('./show-sessions.ts');
    await showSessions(settingsOf(options), options);
  });
}
