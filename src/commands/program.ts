import { Command } from 'commander';
import { version } from '../lib/version.ts';
import type { Settings } from './command.ts';
import { exitCodesHelp } from './exit-codes.ts';
import { commands } from './index.ts';

/** The program with the command that is named, with none for the version, and else with all of them, for the help. */
export async function createProgram(settings: Settings, named?: string): Promise<Command> {
  const program = new Command('uapid')
    .description(
      'An HTTP server, API-compatible with cPanel UAPI, for the FTP sessions of this host.',
    )
    .version(version)
    .addHelpText('afterAll', exitCodesHelp())
    .exitOverride();
  const whole = () => createProgram(settings);
  for (const load of wanted(named)) (await load?.())?.register(program, settings, whole);
  return program;
}

function wanted(named: string | undefined) {
  if (named === '--version' || named === '-V') return [];
  if (named !== undefined && Object.hasOwn(commands, named)) return [commands[named]];
  return Object.values(commands);
}
