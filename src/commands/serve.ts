import { daemonSettings, settings } from '../config/settings.ts';
import { serve } from '../monitor/serve.ts';
import type { Register } from './command.ts';
import { settingOptions } from './setting-options.ts';

/** `serve` */
export const register: Register = (program, { config }) => {
  const command = program.command('serve').description('run the server');
  const keys = Object.keys(settings) as (keyof typeof settings)[];
  for (const option of settingOptions(keys, daemonSettings)) command.addOption(option);
  command.action((flags: object) => serve(config(flags)));
};
