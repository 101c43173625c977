import { api2Envelope, api2Result, behindApi2 } from '../uapi/envelope/api2.ts';
import { fail } from '../uapi/envelope/envelope.ts';
import { addCallArguments, type CallOptions, callFunction, printAnswer } from './call-function.ts';
import type { Register } from './command.ts';

/** `cpapi2`, as the original's command line of that name. */
export const register: Register = (program, { scanSettings }) => {
  const command = program
    .command('cpapi2')
    .description('call a function of API 2 for an account, as cPanel’s command cpapi2 does');
  addCallArguments(command);
  command.action(async (module: string, func: string, words: string[], options: CallOptions) => {
    const called = { module, func };
    const name = behindApi2(called);
    const result =
      name === null
        ? fail(`Could not find function '${func}' in module '${module}'`, 'function-unknown')
        : api2Result(await callFunction(scanSettings(options), name, words, options));
    printAnswer(api2Envelope(called, result), options.output);
  });
};
