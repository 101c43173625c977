import { Option } from 'commander';
import { configFile, type Setting, settings } from '../config/settings.ts';

/**
 * The flags of these settings, and `--config`. Their values are checked with those of the other
 * sources (src/config/config.ts), not here.
 */
export function settingOptions(
  keys: readonly (keyof typeof settings)[],
  more: readonly Setting<unknown>[] = [],
): Option[] {
  const { flag, env, value, help } = configFile;
  return [
    ...[...keys.map((key): Setting<unknown> => settings[key]), ...more].map(optionOf),
    new Option(`${flag} <${value}>`, `${help} [${env}]`),
  ];
}

function optionOf({ flag, env, value, help, isList }: Setting<unknown>): Option {
  const option = new Option(value === null ? flag : `${flag} <${value}>`, `${help} [${env}]`);
  const joined = (given: string, before: string | undefined) =>
    before ? `${before},${given}` : given;
  return isList ? option.argParser(joined) : option;
}
