import type { Option } from 'commander';
import { settingOptions } from './setting-options.ts';

/** The options by which a command finds the state directory. */
export interface StateOptions {
  readonly stateDir?: string;
  readonly config?: string;
}

/** Their definitions, the same for every command. */
export function stateOptions(): Option[] {
  return settingOptions(['stateDir']);
}
