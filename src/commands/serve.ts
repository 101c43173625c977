import { daemonSettings, settings } from '../config/settings.ts';
import type { Register } from './command.ts';
import { settingOptions } from './setting-options.ts';

/** `serve` */
export const register: Register = (program, { config }) => {
  const command = program.command('serve').description('run the server');
  const keys = Object.keys(settings) as (keyof typeof settings)[];
  for (const option of settingOptions(keys, daemonSettings)) command.addOption(option);
  command.action(async (flags: object) => {
    const checked = config(flags);
    // A whole server, which the help needs not.
    const { serve } = await import('../monitor/serve.ts');
    await serve(checked, () => config(flags));
  });
};
