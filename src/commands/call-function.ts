import { type Command, Option } from 'commander';
import { openRoleStore } from '../accounts/role-store.ts';
import type { Audit } from '../audit/audit.ts';
import type { ScanSettings } from '../config/config.ts';
import { RefusedError } from '../lib/refused-error.ts';
import { type HistorySource, readAnswer } from '../session-log/history-answer.ts';
import { createCall } from '../uapi/call/call.ts';
import type { FunctionName, Result } from '../uapi/envelope/envelope.ts';
import { functions } from '../uapi/functions.ts';
import { whoIsIt } from './command-audit.ts';
import { openCommandHost } from './command-host.ts';
import { type HostOptions, scanOptions } from './host-options.ts';
import { printJson, printJsonLine } from './output.ts';
import { UsageError } from './usage-error.ts';
import { toYaml } from './yaml.ts';

/** What the original's command lines are called with. */
export interface CallOptions extends HostOptions {
  readonly user?: string;
  readonly output: Output;
}

const outputs = ['yaml', 'json', 'jsonpretty'] as const;
type Output = (typeof outputs)[number];

/** Adds arguments and options to a command that calls a function as the original's does. */
export function addCallArguments(command: Command): void {
  command
    .argument('<module>', 'of the function, e.g. Ftp')
    .argument('<function>', 'e.g. list_sessions')
    .argument('[key=value...]', 'its arguments, URI-encoded')
    .option('--user <account>', 'the account that calls it; root for what an administrator sees')
    .addOption(
      new Option('--output <form>', 'how the answer is printed').choices(outputs).default('yaml'),
    );
  for (const option of scanOptions('auditLog')) command.addOption(option);
}

/**
 * Calls a function for an account, on sessions that the running server sees, or this process by
 * itself. `name` is null for one that is not there. Throws UsageError for wrong arguments, and
 * RefusedError where there is no such account, or none that this process may speak for.
 */
export async function callFunction(
  settings: ScanSettings,
  name: FunctionName,
  words: readonly string[],
  { user, ...options }: CallOptions,
): Promise<Result> {
  const args = readAssignments(words);
  if (user === undefined) {
    throw new UsageError('--user names the account that calls; --user=root is every administrator');
  }
  // Root's own account of that name is an administrator's, too.
  const account = user === 'root' ? {} : { account: user };
  const { host, account: caller, close } = open(settings, { ...options, ...account });
  try {
    const roles = openRoleStore(settings.stateDir);
    const own = { audit: exceptEndings(host.audit), history: historyOf(settings) };
    const call = createCall(functions, { ...host, ...own }, roles);
    let cause: unknown;
    const { result } = await call({
      ...name,
      account: caller,
      args,
      by: whoIsIt(),
      address: '',
      site: () => 'own',
      isReadOnly: () => false,
      isRevalidated: true,
      isHeadersOnly: false,
      isWanted: () => true,
      unsentBytes: () => 0,
      requestId: 'command',
      onInternalError: (error) => {
        cause = error;
      },
    });
    if (cause !== undefined) throw cause;
    return result;
  } finally {
    close();
  }
}

/** Prints an answer as the original does. */
export function printAnswer(answer: object, output: Output): void {
  if (output === 'yaml') process.stdout.write(toYaml(answer));
  else if (output === 'json') printJsonLine(answer);
  else printJson(answer);
}

/** State that may not be read is root's. */
function open(settings: ScanSettings, options: HostOptions) {
  try {
    return openCommandHost(settings, options);
  } catch (error) {
    if (error instanceof RefusedError || process.geteuid?.() === 0) throw error;
    throw new RefusedError(
      'refused',
      `only root calls functions for an account here; others ask the API, with their password or a token (${(error as Error).message})`,
    );
  }
}

/** Read by this process itself: root may. */
function historyOf({ sessionLog }: ScanSettings): HistorySource | undefined {
  return sessionLog === null
    ? undefined
    : { read: (query) => readAnswer(sessionLog.path, query).catch(refuseUnreadable) };
}

function refuseUnreadable(error: NodeJS.ErrnoException): never {
  const isRefused = error.code === 'EACCES' || error.code === 'EPERM';
  throw isRefused
    ? new RefusedError('refused', 'the session log may be read by root alone')
    : error;
}

/**
 * What ends sessions for a command writes each of them down by itself; of a demand that failed it may
 * never have heard.
 */
function exceptEndings(audit: Audit): Audit {
  return {
    record: (event) => {
      const isWritten = event.event === 'session-ended' && !untold.includes(event.outcome);
      if (!isWritten) audit.record(event);
    },
  };
}

const untold: readonly string[] = ['none', 'failed'];

/** The last of a name counts, as in a query. */
function readAssignments(words: readonly string[]): ReadonlyMap<string, string> {
  const args = new Map<string, string>();
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 1) throw new UsageError(`${JSON.stringify(word)} is no key=value`);
    args.set(decoded(word.slice(0, at)), decoded(word.slice(at + 1)));
  }
  return args;
}

/** What is encoded wrongly stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
