import { existsSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';

/** How this process was started, and where. */
interface OwnStart {
  readonly argv: readonly string[];
  readonly path: string;
  readonly cwd: string;
}

/**
 * What the person who started this program types to run another command of it, as "account add admin":
 * by its name where that is on the PATH, else by Node.js and the file; on the state directory that the
 * start named.
 */
export function ownCommand(command: string, { argv, path, cwd }: OwnStart): string {
  const [, program = '', ...args] = argv;
  const isInstalled = path.split(delimiter).some((folder) => existsSync(join(folder, 'uapid')));
  const name = isInstalled ? 'uapid' : `node ${relative(cwd, program)}`;
  const at = args.findIndex((arg) => /^--state-dir(?:=|$)/.test(arg));
  const directory = at === -1 ? '' : (args[at]?.split('=')[1] ?? args[at + 1]);
  return [name, command, ...(directory === '' ? [] : ['--state-dir', directory])].join(' ');
}
