import { Option } from 'commander';

/** The options by which a command finds the state directory. */
export interface StateOptions {
  readonly stateDir?: string;
  readonly config?: string;
}

/** The state directory that the options and the environment name. Throws ConfigError. */
export type StateDirOf = (options: StateOptions) => string;

/** Their definitions, the same for every command. */
export function stateOptions(): Option[] {
  return [
    new Option('--state-dir <dir>', 'where accounts, tokens and roles are kept [UAPID_STATE_DIR]'),
    new Option('--config <file>', 'JSON file with settings [UAPID_CONFIG]'),
  ];
}
