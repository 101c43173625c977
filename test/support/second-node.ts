import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The current long-term support line of Node.js, which the tests run on beside the machine's own. */
const line = 26;

/**
 * Where the version of Node.js makes a difference: what calls its sockets, HTTP, TLS, streams,
 * timers, processes, files and threads, and the clients. Not what is computed by the language alone
 * (transforms of rows, titles and records of pure-ftpd, texts, tables), nor what other programs run:
 * the page in a browser, the packages on Debian, clients in other languages. Of who may log in the
 * hooks of the HTTP framework and the hashes of passwords count, and not the arithmetic. Neither what is
 * said over the channel, whose streams the unit tests of it show: which claims of a worker the monitor
 * believes, and whom it lets end what; nor what is put together of such parts, as a certificate that is
 * renewed at work is of TLS and of files that are watched.
 */
const dependent = [
  'unit/http/',
  'unit/channel/',
  'unit/lib/',
  'unit/os/',
  'unit/tls/',
  'unit/state/',
  'unit/scanner/',
  'unit/control/',
  'unit/worker/',
  'unit/auth/guarded-doors',
  'unit/accounts/kept-logins',
  'unit/accounts/password',
  'unit/accounts/sha512-crypt',
  'system/channel/credentials',
  'system/channel/endings',
  'system/clients/cpanel',
  'system/clients/examples',
  'system/clients/plain-client',
  'system/clients/published.',
  'system/monitor/held',
  'system/monitor/inherited',
  'system/monitor/service-manager',
  'system/faults/http-attacks',
];

/** Whether a test file is run on the second Node.js too, without being asked for. */
export function dependsOnNode(file: string): boolean {
  return dependent.some((start) => file.startsWith(start));
}

/** The binary, fetched once from the npm registry into `.cache/node-lts`. */
export function secondNode(): string {
  const folder = fileURLToPath(new URL('../../../.cache/node-lts', import.meta.url));
  mkdirSync(folder, { recursive: true });
  // A package of its own, or npm would take the project's. The binary is put in place by a script.
  execFileSync(
    'npm',
    ['install', '--no-save', '--ignore-scripts=false', '--prefix', folder, `node@${line}`],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return join(folder, 'node_modules/node/bin/node');
}
