import { CommanderError } from 'commander';
import { ConfigError } from '../config/config.ts';
import type { RefusedError } from '../lib/refused-error.ts';
import { UsageError } from './usage-error.ts';

/** How a command can end, with its exit code and what that means, in the order of the codes. */
export const exitCodes = {
  done: { code: 0, means: 'done, or it was so already' },
  failed: { code: 1, means: 'something failed: a file, the server, the system; try again later' },
  usage: { code: 2, means: 'the command line or the configuration makes no sense' },
  unknown: {
    code: 3,
    means: 'not found: the account, token, role or session that is named, or a server of a fleet',
  },
  exists: { code: 4, means: 'it exists already' },
  refused: { code: 5, means: 'refused: a rule or a missing right is in the way' },
  invalid: { code: 6, means: 'a value will not do: a name, a password, a hash, a file' },
} as const;

/** The exit code for what a command has thrown. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done.code;
  const isUsage =
    error instanceof CommanderError || error instanceof UsageError || error instanceof ConfigError;
  if (isUsage) return exitCodes.usage.code;
  if (isRefusal(error)) return exitCodes[error.reason].code;
  return exitCodes.failed.code;
}

/** By the name: with the class each start of the program, and of the worker, would read one file more. */
function isRefusal(error: unknown): error is RefusedError {
  return error instanceof Error && error.name === ('RefusedError' satisfies RefusedError['name']);
}

/** The exit codes as the help shows them. */
export function exitCodesHelp(): string {
  const lines = Object.values(exitCodes).map(({ code, means }) => `  ${code}  ${means}`);
  return ['', 'Exit codes:', ...lines].join('\n');
}
