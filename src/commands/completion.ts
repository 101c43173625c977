import { Argument } from 'commander';
import { bashCompletion } from './bash-completion.ts';
import type { Register } from './command.ts';

/** Adds `completion bash` to the program. */
export const register: Register = (program, _settings, whole) => {
  program
    .command('completion')
    .description(
      'print what makes a shell complete commands and options: source it, or put it in a file',
    )
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash']))
    .action(async () => {
      process.stdout.write(bashCompletion(await whole()));
    });
};
