import type { Ftp } from '../collector/this-host.ts';
import type { ScanSettings } from '../config/config.ts';
import { createSystemUsers } from '../os/users/system-users.ts';
import { openScanner, type Scanner } from '../scanner/open-scanner.ts';
import type { SessionEnder } from '../sessions/session-ender.ts';
import { connectServer, type ServerConnection } from './connect-server.ts';

export interface HostFtpOptions {
  readonly settings: ScanSettings;
  /** Who is at the command line. */
  readonly by: string;
  /** Where programs are, for a scan of its own. */
  readonly environment: NodeJS.ProcessEnv;
  /** Makes of what ends sessions in this process what also writes them down; a server does it itself. */
  readonly audited: (ender: SessionEnder) => SessionEnder;
}

/** The sessions of this host for a command: through the server that runs, else by a scan of its own. */
export interface HostFtp extends Ftp {
  close(): void;
}

/**
 * Asks for a server at the first use, and again after one has gone. Each use rejects, in words for
 * the administrator, when there is none and this process has not the rights to look itself.
 */
export function openHostFtp(options: HostFtpOptions): HostFtp {
  const { settings, by } = options;
  let connection: ServerConnection | null = null;
  let own: OwnScan | null = null;

  async function use<T>(work: (ftp: Ftp) => Promise<T>): Promise<T> {
    const path = settings.controlSocket?.path;
    if (path !== undefined) connection ??= await connectServer(path, by);
    if (connection === null) {
      own ??= scanHere(options);
      return work(own.ftp);
    }
    try {
      return await work(connection);
    } catch (error) {
      connection.close();
      connection = null;
      throw error;
    }
  }
  return {
    sessions: {
      snapshot: (scope, wants) => use(({ sessions }) => sessions.snapshot(scope, wants)),
    },
    ender: { end: (identities, scope) => use(({ ender }) => ender.end(identities, scope)) },
    close: () => {
      connection?.close();
      own?.scanner.stop();
    },
  };
}

/** What this process sees through a scanner of its own. */
interface OwnScan {
  readonly ftp: Ftp;
  readonly scanner: Scanner;
}

function scanHere({ settings, environment, audited }: HostFtpOptions): OwnScan {
  const { controlSocket } = settings;
  if (process.geteuid?.() !== 0) {
    const where = controlSocket === null ? '' : ` at ${controlSocket.path}`;
    throw new Error(
      `No server answers${where}, and only root can look itself: run this as root, or start uapid serve.`,
    );
  }
  const scanner = openScanner({
    settings,
    environment,
    systemUsers: createSystemUsers(),
    logger: silent,
  });
  const { sessions, ender } = scanner;
  return { ftp: { sessions, ender: audited(ender) }, scanner };
}

/** What a scan could not see is told as a warning, and one that fails as an error. */
const silent = { warn: () => {}, error: () => {} };
