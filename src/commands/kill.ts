import type { Command } from 'commander';
import { hostOptions, type LookSettingsOf } from './host-options.ts';
import type { KillOptions } from './kill-sessions.ts';
import { auditLogOption } from './look-options.ts';

/** Adds `kill` to the program. */
export function registerKillCommand(program: Command, settingsOf: LookSettingsOf): void {
  const command = program
    .command('kill')
    .description(
      'end FTP sessions: of a number the one with that PID, else all of that FTP login. Nothing but a session of this moment is ever ended.',
    )
    .argument('<login|pid...>')
    .option('--login', 'take numbers for FTP logins too');
  for (const option of hostOptions()) command.addOption(option);
  command.addOption(auditLogOption());
  command.action(async (words: string[], options: KillOptions) => {
    // Loaded here because no other command needs the looking.
    const { killSessions } = await import('./kill-sessions.ts');
    await killSessions(settingsOf(options), words, options);
  });
}
