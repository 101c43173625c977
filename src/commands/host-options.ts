import { Option } from 'commander';
import type { LookSettings } from '../config/config.ts';
import { controlSocketOption, lookOptions } from './look-options.ts';
import { type StateOptions, stateOptions } from './state-options.ts';

/** The options by which a command finds the server, or looks itself, and whose sessions it wants. */
export interface HostOptions extends StateOptions {
  readonly account?: string;
}

/** What the options and the environment say of the host. Throws ConfigError. */
export type LookSettingsOf = (options: HostOptions) => LookSettings;

/** Their definitions. */
export function hostOptions(): Option[] {
  return [
    new Option('--account <name>', 'only the sessions that this account may see'),
    ...stateOptions(),
    controlSocketOption(),
    ...lookOptions(),
  ];
}
