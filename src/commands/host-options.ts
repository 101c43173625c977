import { Option } from 'commander';
import { daemonSettings, type settings } from '../config/settings.ts';
import { settingOptions } from './setting-options.ts';
import type { StateOptions } from './state-options.ts';

/** The options by which a command finds the server, or scans itself, and whose sessions it wants. */
export interface HostOptions extends StateOptions {
  readonly account?: string;
}

const scanKeys = ['stateDir', 'controlSocket', 'processSource', 'procRoot'] as const;

/** Their definitions, and those of further settings. */
export function hostOptions(...more: readonly (keyof typeof settings)[]): Option[] {
  return [
    new Option('--account <name>', 'only the sessions that this account may see'),
    ...scanOptions(...more),
  ];
}

/** The same without whose sessions are wanted. */
export function scanOptions(...more: readonly (keyof typeof settings)[]): Option[] {
  return settingOptions([...scanKeys, ...more], daemonSettings);
}
