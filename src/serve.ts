import { fstatSync } from 'node:fs';
import closeWithGrace from 'close-with-grace';
import { type Logger, pino } from 'pino';
import { buildApp } from './app.ts';
import { type AccountStore, openAccountStore } from './auth/account-store.ts';
import { generatePassword } from './auth/password.ts';
import { RefusedError } from './auth/refused-error.ts';
import { openRoleStore } from './auth/role-store.ts';
import { createSystemUsers } from './auth/system-users.ts';
import type { Config } from './config.ts';
import { createCollector } from './ftp/collector.ts';
import { createPureFtpdLook } from './ftp/pure-ftpd/look.ts';
import { greet } from './greeting.ts';
import { listen } from './listeners.ts';
import type { ProcessTable } from './processes/process-table.ts';
import { createProcfsTable } from './processes/procfs.ts';
import { createPsListTable } from './processes/ps-list.ts';

const stopTimeoutMs = 10_000;

/**
 * Starts what a running server consists of and resolves when it listens. Rejects with a message
 * for the administrator when it cannot start. Logs go to standard error, words for people to
 * standard output.
 */
export async function serve(config: Config): Promise<void> {
  const logger = pino({ level: config.logLevel }, pino.destination({ fd: 2, sync: false }));
  const onProblem = (message: string) => logger.error(message);
  const accounts = openAccountStore(config.stateDir, { onProblem });
  const roles = openRoleStore(config.stateDir, { onProblem });
  const sessions = createCollector([
    createPureFtpdLook(createProcessTable(config), config.scoreboardDirs),
  ]);
  const systemUsers = createSystemUsers();
  const app = await buildApp({ sessions, systemUsers, accounts, roles, logger });
  const listeners = await listen(app, config.listen);
  stopOnSignal(logger, async () => {
    await listeners.close();
    await app.close();
  });
  const firstPassword = await createFirstAccount(accounts);
  await greet({ urls: listeners.urls, firstPassword, accounts, sessions });
}

function createProcessTable({ processSource, procRoot }: Config): ProcessTable {
  if (processSource === 'procfs') return createProcfsTable(procRoot);
  return createPsListTable(process.platform === 'linux' ? procRoot : null);
}

function stopOnSignal(logger: Logger, stop: () => Promise<void>): void {
  closeWithGrace({ delay: stopTimeoutMs, logger }, async ({ err, signal }) => {
    if (err) logger.fatal({ err }, 'ending after an error that nothing caught');
    else logger.info({ signal }, 'stopping');
    await stop();
    logger.flush();
  });
}

/**
 * Without any account nobody could ask anything, so the first start makes one and returns its
 * password. Not where standard output is the system's journal, in which it would stay readable.
 */
async function createFirstAccount(accounts: AccountStore): Promise<string | null> {
  if (!accounts.isEmpty() || outputIsJournal()) return null;
  const password = generatePassword();
  try {
    await accounts.add({ name: 'admin', role: 'admin', password });
    return password;
  } catch (error) {
    // Another start at the same time has made it.
    if (error instanceof RefusedError && error.reason === 'exists') return null;
    throw error;
  }
}

/** systemd names the journal's device and inode in JOURNAL_STREAM (systemd.exec(5)). */
function outputIsJournal(): boolean {
  const { dev, ino } = fstatSync(1);
  return process.env['JOURNAL_STREAM'] === `${dev}:${ino}`;
}
