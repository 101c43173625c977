import { z } from 'zod';
import { ownershipOf } from '../../access/owner.ts';
import { describeGaps } from '../../daemons/gap-text.ts';
import { formatCtime } from '../../lib/ctime.ts';
import { createMemo, memoized } from '../../lib/memo.ts';
import type { FtpSession, Snapshot } from '../../sessions/session.ts';
import { defineFunction } from '../call/define-function.ts';
import { describeAbsence } from './running-daemon.ts';

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
  run: async ({ account, host }) => {
    const { uids, warnings } = await ownershipOf(account, host.accounts, host.systemUsers);
    if (uids?.length === 0) return { data: [], warnings };
    const snapshot = await host.sessions.snapshot(uids);
    const seenWarnings = warningsOf(snapshot);
    const outcome = outcomes(snapshot.sessions, seenWarnings.join('\n'), () => ({
      data: snapshot.sessions.map(rowOf),
      warnings: seenWarnings,
    }));
    if (warnings.length === 0) return outcome;
    return { ...outcome, warnings: [...warnings, ...outcome.warnings] };
  },
});

type Row = z.infer<typeof row>;

/** Looks that saw the very same sessions share what is made of them. */
const outcomes = createMemo<readonly FtpSession[], { data: Row[]; warnings: string[] }>();

/** A session that is as it was keeps its row from look to look. */
const rowOf = memoized((session: FtpSession): Row => {
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
});

/** What could not be seen, in sentences. */
export function warningsOf(snapshot: Snapshot): string[] {
  const isEmpty = snapshot.daemons.length === 0 && snapshot.sessions.length === 0;
  const absence = isEmpty ? [describeAbsence(snapshot)] : [];
  return [...new Set([...absence, ...describeGaps(snapshot.gaps)])];
}
