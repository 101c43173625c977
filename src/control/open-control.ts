import { dirname } from 'node:path';
import { administratorsEnder } from '../access/administrator.ts';
import type { AccountDirectory } from '../accounts/account.ts';
import { createAudit } from '../audit/audit.ts';
import type { Config } from '../config/config.ts';
import type { Logger } from '../lib/log.ts';
import { groupIdOf } from '../os/users/system-groups.ts';
import type { RefreshedSystemUsers } from '../os/users/system-users.ts';
import type { SessionEnder } from '../sessions/session-ender.ts';
import type { SnapshotRelay } from '../sessions/snapshot-relay.ts';
import { openControlSocket } from './control-socket.ts';
import { serveCommands } from './serve-commands.ts';

export interface ControlServices {
  readonly snapshots: SnapshotRelay;
  readonly ender: SessionEnder;
  readonly accounts: AccountDirectory;
  readonly systemUsers: RefreshedSystemUsers;
  /** Takes a line of the audit log, with its end. */
  readonly writeAudit: (line: string) => void;
  readonly logger: Logger;
}

/**
 * Opens the control socket that a configuration names, and resolves to what closes it. Rejects, in
 * words for the administrator, when that is not possible and somebody asked for it; a usual socket
 * that cannot be is told in the log.
 */
export async function openControl(
  {
    controlSocket,
    controlGroup,
    stateDir,
  }: Pick<Config, 'controlSocket' | 'controlGroup' | 'stateDir'>,
  services: ControlServices,
): Promise<() => void> {
  if (controlSocket === null) return () => {};
  const { path, isRequired } = controlSocket;
  const { snapshots, logger } = services;
  const commands = serveCommands({ snapshots, logger, enderFor: auditedEnders(services) });
  try {
    const socket = await openControlSocket({
      path,
      gid: controlGroup === null ? null : groupIdOf(controlGroup, '--control-group'),
      directoryMode: dirname(path) === stateDir ? 0o700 : 0o755,
      onClient: commands.serve,
    });
    return () => {
      socket.close();
      commands.close();
    };
  } catch (error) {
    if (isRequired || controlGroup !== null) throw error;
    const { message } = error as Error;
    logger.warn(`${message}; uapid sessions and uapid kill do not reach this server`);
    return () => {};
  }
}

/** The server writes down who ends what: the audit log is not for everybody who may end sessions. */
function auditedEnders(services: ControlServices): (by: string) => SessionEnder {
  const { ender, accounts, systemUsers, writeAudit } = services;
  const audit = createAudit(writeAudit);
  return (by) => {
    systemUsers.refresh();
    return administratorsEnder({ by, host: { sessionEnder: ender, audit, accounts, systemUsers } });
  };
}
