import { wrap } from '../uapi/envelope/envelope.ts';
import { addCallArguments, type CallOptions, callFunction, printAnswer } from './call-function.ts';
import type { Register } from './command.ts';

/** `uapi`, as the original's command line of that name. */
export const register: Register = (program, { scanSettings }) => {
  const command = program
    .command('uapi')
    .description('call a function of UAPI for an account, as cPanel’s command uapi does');
  addCallArguments(command);
  command.action(async (module: string, func: string, words: string[], options: CallOptions) => {
    const name = { module, func };
    const result = await callFunction(scanSettings(options), name, words, options);
    printAnswer(wrap(name, result), options.output);
  });
};
