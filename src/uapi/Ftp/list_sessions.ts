import * as z from 'zod';
import { ownershipOf } from '../../access/owner.ts';
import { warningsOfGaps } from '../../daemons/gap-text.ts';
import { formatCtime } from '../../lib/ctime.ts';
import { localZone } from '../../lib/local-time/local-zone.ts';
import { scopeKey } from '../../sessions/scope.ts';
import type { FtpSession, Snapshot } from '../../sessions/session.ts';
import type { Warning } from '../../sessions/warning.ts';
import { defineFunction } from '../call/define-function.ts';
import { type Listing, listSessionRows } from '../call/listing.ts';
import { createPerSnapshot } from '../call/per-snapshot.ts';
import { absenceOf } from './running-daemon.ts';

const row = z
  .object({
    cmdline: z
      .string()
      .describe('The title of the FTP process in the process table.')
      .meta({ examples: ['pure-ftpd (IDLE)'] }),
    file: z
      .string()
      .describe('The file that the session is processing; blank if the session is idle.'),
    host: z
      .string()
      .describe('The IP address that connected to the FTP server; blank if it cannot be known.')
      .meta({ examples: ['192.0.2.7'] }),
    login: z
      .string()
      .describe('The time of the session’s connection, in the server’s local time.')
      .meta({ examples: ['Tue Apr 23 16:23:23 2020'] }),
    pid: z
      .int()
      .min(1)
      .describe('The session’s PID.')
      .meta({ examples: [6735] }),
    status: z
      .enum(['IDLE', 'DL', 'UL'])
      .describe('IDLE - connected, but idle. DL - a download, UL - an upload is in progress.'),
    user: z
      .string()
      .describe('The FTP account’s user name; blank if it cannot be known.')
      .meta({ examples: ['ftpaccount'] }),
  })
  .meta({ id: 'FtpSession' });

/** The API’s words for what a session does. */
export const sessionStatuses = { idle: 'IDLE', download: 'DL', upload: 'UL' } as const;

/** https://api.docs.cpanel.net/openapi/cpanel/operation/list_sessions/ describes the original. */
export const listSessions = defineFunction({
  module: 'Ftp',
  name: 'list_sessions',
  summary: 'Return FTP server’s active sessions',
  description:
    'This function lists the FTP server’s active sessions: an administrator’s account sees all of them, any other its own. When you disable the FTP role, the system disables this function.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: {},
  data: z.array(row),
  isList: true,
  keep: () => createPerSnapshot<Listing<SessionRow>>(),
  run: async ({ account, host, kept }) => {
    const { scope, isEmpty, warnings } = await ownershipOf(account, host);
    if (isEmpty) return { data: [], warnings };
    const snapshot = await host.sessions.snapshot(scope);
    // Rows have times as the clock on the wall shows them.
    const listing = kept.of(`${localZone().id} ${scopeKey(scope)}`, snapshot, (previous) =>
      listSessionRows(listedOf(snapshot.sessions), warningsOf(snapshot), toSessionRow, previous),
    );
    if (warnings.length === 0) return listing;
    return { data: listing.data, warnings: [...warnings, ...listing.warnings] };
  },
});

export type SessionRow = z.infer<typeof row>;

/** All but those of other protocols; cPanel’s clients know of FTP alone. */
export function listedOf(sessions: readonly FtpSession[]): readonly FtpSession[] {
  return sessions.some(({ isUnlisted }) => isUnlisted)
    ? sessions.filter(({ isUnlisted }) => !isUnlisted)
    : sessions;
}

/** The published columns of a session. */
export function toSessionRow(session: FtpSession): SessionRow {
  const { title, file, remoteAddress, connectedAt, pid, state, user } = session;
  return {
    cmdline: title,
    file: file ?? '',
    host: remoteAddress ?? '',
    login: connectedAt === null ? '' : formatCtime(new Date(connectedAt * 1000)),
    pid,
    status: sessionStatuses[state],
    user: user ?? '',
  };
}

/** What could not be seen, in sentences. A daemon whose sessions the caller may see is none that is missed. */
export function warningsOf(snapshot: Snapshot): Warning[] {
  const { daemons, containedDaemons = [], sessions } = snapshot;
  const gaps = warningsOfGaps(snapshot.gaps);
  if (daemons.length + containedDaemons.length + sessions.length > 0) return gaps;
  const absence = absenceOf(snapshot);
  return [absence, ...gaps.filter(({ code }) => code !== absence.code)];
}
