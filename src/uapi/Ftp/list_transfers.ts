import * as z from 'zod';
import type { Host } from '../../access/host.ts';
import { ownershipOf } from '../../access/owner.ts';
import { percentOf } from '../../sessions/progress.ts';
import { scopeKey } from '../../sessions/scope.ts';
import type { FtpSession, Snapshot } from '../../sessions/session.ts';
import {
  createTransferWatch,
  type Motion,
  type TransferWatch,
} from '../../sessions/transfer-watch.ts';
import type { Warning } from '../../sessions/warning.ts';
import { defineFunction } from '../call/define-function.ts';
import { type Listing, listSessionRows } from '../call/listing.ts';
import { createPerSnapshot, type PerSnapshot } from '../call/per-snapshot.ts';
import { sessionStatuses, warningsOf } from './list_sessions.ts';

const count = z.int().min(0).nullable();
const port = z.int().min(1).max(65535).nullable();

/** The form of a row. */
export const transferRow = z
  .object({
    pid: z
      .int()
      .min(1)
      .describe('The session’s PID.')
      .meta({ examples: [6735] }),
    start: z
      .string()
      .describe('With the PID the session’s identity: an opaque text, another when a PID returns.')
      .meta({ examples: ['1937401'] }),
    user: z
      .string()
      .nullable()
      .describe('The FTP account’s user name.')
      .meta({ examples: ['ftpaccount'] }),
    owner: z
      .string()
      .describe(
        'The system user that owns the session; its uid if it has no name. Blank for one in a container.',
      )
      .meta({ examples: ['alice'] }),
    container: z
      .string()
      .nullable()
      .describe(
        'The container that the session is in, which the configuration gives to an account; null for this host’s own.',
      )
      .meta({ examples: ['docker:web-1'] }),
    host: z
      .string()
      .nullable()
      .describe('The IP address that connected to the FTP server.')
      .meta({ examples: ['192.0.2.7'] }),
    remote_port: port.describe('The port that it connected from.'),
    local_port: port.describe('The FTP server’s port that it connected to.'),
    protocol: z
      .enum(['ftp', 'ftps', 'sftp'])
      .nullable()
      .describe(
        'ftps - over TLS, sftp - over SSH. Null where the FTP server allows both or does not tell.',
      ),
    status: z
      .enum(['IDLE', 'DL', 'UL'])
      .describe('IDLE - connected, but idle. DL - a download, UL - an upload is in progress.'),
    file: z
      .string()
      .nullable()
      .describe(
        'The file in transfer as the client named it; blank if the session is idle, unless unsent_bytes tells of one.',
      ),
    path: z
      .string()
      .nullable()
      .describe(
        'The full path of the file in transfer, as it was when the transfer was first seen; blank if the session is idle. An upload that replaces a file goes to a temporary file beside it.',
      ),
    directory: z
      .string()
      .nullable()
      .describe(
        'The session’s current directory, from the directory on that the session is confined to; null if it cannot be known.',
      )
      .meta({ examples: ['/public_html'] }),
    command: z
      .string()
      .nullable()
      .describe(
        'The command that the session carries out, with its argument as far as the FTP server tells it; null while it waits for one, and where the server does not tell: pure-ftpd never does.',
      )
      .meta({ examples: ['RETR report.pdf'] }),
    bytes_moved: count.describe(
      'Bytes of the file so far, those that a resumed transfer skipped included. Of a download these are the ones that the client’s host has confirmed; where unsent_bytes is null they may be ahead of that by what the system holds, some megabytes at most.',
    ),
    bytes_total: count.describe('The size of the file in bytes; known for downloads only.'),
    unsent_bytes: count.describe(
      'Bytes of a download that the FTP server has handed to the system and the client’s host has not confirmed; null for none, and where the connection is not known. Of an idle session it is what is still on its way of a download that the FTP server has done with: then file and path are that one’s. It is known if a call for this account within the last minute has seen the download.',
    ),
    percent: z
      .number()
      .min(0)
      .max(100)
      .nullable()
      .describe('How much of the file is done, with one decimal.')
      .meta({ examples: [50.3] }),
    rate_bytes_per_second: count.describe(
      'Bytes a second since the last scan for this account, of at least five seconds and at most a minute ago; without one since the transfer began, from its sixth second on. Null when idle.',
    ),
    connected_seconds: count.describe('Seconds since the connection.'),
    status_seconds: count.describe(
      'Seconds since the transfer began, or of being idle: since the connection if there was no transfer yet, else since the scan that first saw the session idle, if one less than five seconds before saw it otherwise.',
    ),
    started_at: z
      .string()
      .nullable()
      .describe('The time of the connection, in ISO 8601 and UTC.')
      .meta({ examples: ['2020-04-23T14:23:23Z'] }),
    status_since: z
      .string()
      .nullable()
      .describe('The time that status_seconds counts from, in ISO 8601 and UTC.')
      .meta({ examples: ['2020-04-23T14:25:01Z'] }),
  })
  .meta({ id: 'FtpTransfer' });

type Row = z.infer<typeof transferRow>;

/** uapid's own; times are as of the moment that the scan began. */
export const listTransfers = defineFunction({
  module: 'Ftp',
  name: 'list_transfers',
  summary: 'Return FTP server’s active sessions and the progress of their transfers',
  description:
    'This function is an extension of uapid, unknown to cPanel. It lists the sessions that list_sessions does, and those of SFTP that an FTP server serves, with the progress of their transfers, times and ports; null where something cannot be known. When you disable the FTP role, the system disables this function.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: {},
  data: z.array(transferRow),
  isList: true,
  keep: keepTransfers,
  run: async ({ account, host, kept }) => {
    const { scope, isEmpty, warnings } = await ownershipOf(account, host);
    if (isEmpty) return { data: [], warnings };
    const snapshot = await host.sessions.snapshot(scope, { details: true });
    const key = scopeKey(scope);
    // At once, so that scans are watched in their order.
    const listing = await kept.scans.of(key, snapshot, () =>
      list(snapshot, kept.watch(key, snapshot), host, warningsOf(snapshot)),
    );
    if (warnings.length === 0) return listing;
    return { data: listing.data, warnings: [...warnings, ...listing.warnings] };
  },
});

/** What earlier scans have shown, by the scope that they were for. */
interface KeptTransfers {
  readonly scans: PerSnapshot<Promise<Listing<Row>>>;
  readonly watch: TransferWatch;
}

/** What calls of the function keep for those that come later. */
export function keepTransfers(): KeptTransfers {
  return { scans: createPerSnapshot(), watch: createTransferWatch() };
}

/** The rows of a scan. */
async function list(
  snapshot: Snapshot,
  motions: ReadonlyMap<FtpSession, Motion>,
  { systemUsers }: Host,
  warnings: readonly Warning[],
): Promise<Listing<Row>> {
  const { sessions } = snapshot;
  const uids = [...new Set(sessions.map(({ ownerUid }) => ownerUid))];
  const toRow = transferRows(snapshot, motions, await systemUsers.namesOf(uids));
  return listSessionRows(sessions, warnings, toRow);
}

/** Makes the row of each session of a scan; `names` are those of the owners, where it does not tell them. */
export function transferRows(
  { begunAt, details, servers }: Snapshot,
  motions: ReadonlyMap<FtpSession, Motion>,
  names: ReadonlyMap<number, string>,
): (session: FtpSession, index: number) => Row {
  return (session, index) => {
    const { container, ownerUid, ownerName = names.get(ownerUid) } = session;
    // The uids there mean nothing here.
    const owner = container === undefined ? (ownerName ?? String(ownerUid)) : '';
    return toRow(
      session,
      owner,
      motions.get(session),
      servers?.begunAt.get(session.host) ?? begunAt,
      details?.[index]?.directory ?? null,
    );
  };
}

function toRow(
  session: FtpSession,
  owner: string,
  motion: Motion | undefined,
  begunAt: number,
  directory: string | null,
): Row {
  const { connectedAt, transferStartedAt, bytesTotal } = session;
  const { bytesMoved = session.bytesMoved, sending = null } = motion ?? {};
  const statusSince = transferStartedAt ?? motion?.idleSince ?? null;
  return {
    pid: session.pid,
    start: session.startTime,
    user: session.user,
    owner,
    container: session.container?.name ?? null,
    host: session.remoteAddress,
    remote_port: session.remotePort,
    local_port: session.localPort,
    protocol: session.protocol,
    status: sessionStatuses[session.state],
    file: sending?.file ?? session.file,
    path: sending === null ? session.path : sending.path,
    directory,
    command: session.command,
    bytes_moved: bytesMoved,
    bytes_total: bytesTotal,
    unsent_bytes: motion?.unsentBytes ?? null,
    percent: percentOf(bytesMoved, bytesTotal),
    rate_bytes_per_second: motion?.rateBytesPerSecond ?? null,
    connected_seconds: secondsSince(connectedAt, begunAt),
    status_seconds: secondsSince(statusSince, begunAt),
    started_at: connectedAt === null ? null : formatIso(connectedAt),
    status_since: statusSince === null ? null : formatIso(statusSince),
  };
}

/** Whole seconds; none where the daemon's clock is ahead. */
function secondsSince(moment: number | null, nowMs: number): number | null {
  return moment === null ? null : Math.max(0, Math.floor(nowMs / 1000 - moment));
}

/** ISO 8601 without the fraction that nobody knows. */
function formatIso(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+/, '');
}
