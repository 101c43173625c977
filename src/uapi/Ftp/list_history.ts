import * as z from 'zod';
import type { Account } from '../../accounts/account.ts';
import type { SessionLine } from '../../session-log/log-line.ts';
import { defineFunction } from '../call/define-function.ts';
import { askHistory, createHistoryTurns } from './ask-history.ts';
import { readHistoryArguments } from './history-arguments.ts';

const port = z.int().min(0).max(65535).nullable();
const count = z.int().min(0).nullable();
const time = z.string().nullable();

export const pastRow = z
  .object({
    session: z
      .string()
      .describe(
        'pure-ftpd’s own name of the session, as in its stats log: time of connection and PID in hexadecimal.',
      )
      .meta({ examples: ['5ea1a19b.1a4f'] }),
    daemon: z
      .string()
      .describe('The FTP server’s program.')
      .meta({ examples: ['pure-ftpd'] }),
    pid: z
      .int()
      .min(1)
      .describe('The session’s PID.')
      .meta({ examples: [6735] }),
    start: z
      .string()
      .nullable()
      .describe('With the PID the session’s identity, as in list_transfers.')
      .meta({ examples: ['1937401'] }),
    user: z
      .string()
      .nullable()
      .describe('The FTP account’s user name.')
      .meta({ examples: ['ftpaccount'] }),
    owner: z
      .string()
      .nullable()
      .describe(
        'The system user that owned the session, by its name at the time; its uid if it had none.',
      )
      .meta({ examples: ['alice'] }),
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
      .describe('ftps - over TLS, sftp - over SSH. Null where nothing tells.'),
    started_at: time
      .describe('The time of the connection, in ISO 8601 and UTC.')
      .meta({ examples: ['2020-04-23T14:23:23.000Z'] }),
    ended_at: time
      .describe('The time of its end; null while it is connected, and where nobody saw the end.')
      .meta({ examples: ['2020-04-23T14:24:10.120Z'] }),
    duration_seconds: count.describe('Whole seconds from its connection to its end.'),
    end: z
      .enum(['left', 'cut', 'ended', 'daemon-gone', 'unknown'])
      .nullable()
      .describe(
        'left - by QUIT, a broken connection, a time-out or SIGTERM; cut - killed or crashed; ended - by uapid; daemon-gone - cut, and the FTP server too; null - connected when the log was read.',
      ),
    ended_by: z
      .string()
      .nullable()
      .describe('On whose demand uapid ended it: told to administrators, and of oneself.'),
    transfers: count.describe(
      'How many files it transferred, as the FTP server’s own log tells; list_history_files names them.',
    ),
    bytes: count.describe('Bytes of those files.'),
    transfers_by: z
      .enum(['session-id', 'time-user-address', 'time-user', 'looks'])
      .nullable()
      .describe(
        'By what they are known to be this session’s: session-id - pure-ftpd’s stats log names the session, its login and peer (customers who make folders can forge lines of it); else as that log’s time, user and address are this session’s alone; looks - the same, where sessions that nobody looked at may have had some.',
      ),
    seen: z
      .enum(['events', 'looks'])
      .describe(
        'events - each session is told; looks - those that a scan saw, which somebody asked for.',
      ),
    why: z
      .string()
      .describe('Of each column that is null though there was something to tell: why.')
      .meta({ examples: ['protocol: not-in-record; bytes: no-transfer-log'] }),
  })
  .meta({ id: 'FtpPastSession' });

type Row = z.infer<typeof pastRow>;

const text = z.string().optional();

/** uapid's own. */
export const listHistory = defineFunction({
  module: 'Ftp',
  name: 'list_history',
  summary: 'Return FTP sessions that were, from the session log',
  description:
    'This function is an extension of uapid, unknown to cPanel. It lists which FTP sessions there were, newest first: an administrator’s account sees all of them, any other those of its system user, unless the uid had another name then, and of the FTP logins that are its own today. One answer has the newest 5,000 at most, and says in warnings when there were more, and what may be missing in the log. It fails on a server that keeps no session log. When you disable the FTP role, the system disables this function.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: {
    since: text
      .describe(
        'Sessions connected at some time after that: 2d (ago; s, m, h, d, w), 03:12 (the last), 2026-11-29, or 2026-11-29T03:12:07Z; local time without a zone.',
      )
      .meta({ examples: ['2d'] }),
    until: text.describe('Sessions connected at some time before that.'),
    at: text.describe('Sessions connected at that time.').meta({ examples: ['03:12'] }),
    login: text
      .describe('Of that FTP login, or, with * in front, of those that end so.')
      .meta({ examples: ['*@shop.example'] }),
    from: text
      .describe('From that IP address, or range as ADDRESS/BITS.')
      .meta({ examples: ['192.0.2.0/24'] }),
    file: text
      .describe('That have transferred a file with this in its path.')
      .meta({ examples: ['index.php'] }),
  },
  data: z.array(pastRow),
  isList: true,
  keep: createHistoryTurns,
  run: async (context) => {
    const { account, args } = context;
    const asked = await readHistoryArguments(args, new Date());
    const { sessions, warnings } = await askHistory(context, asked);
    return { data: rowsOf(sessions, account), warnings };
  },
});

function rowsOf(sessions: readonly SessionLine[], { name, role }: Account): Row[] {
  return sessions.map((line) => toPastRow(line, role === 'admin' ? null : name)).reverse();
}

/** A session that was, as this host's log or another's tells it. */
export type PastLine = Omit<SessionLine, 'event' | 'host' | 'files' | 'user_proven' | 'why'> & {
  readonly why: Readonly<Record<string, string>>;
};

/**
 * Who else may end an account's sessions is nothing for it: `teller` is whose own endings are told, null where all
 * are.
 */
export function toPastRow(line: PastLine, teller: string | null): Row {
  const { ended_by: by, why: reasons, connected_at: from, ended_at: to } = line;
  const isTold = by === null || teller === null || by === teller;
  const why = { ...reasons, ...(isTold ? {} : { ended_by: 'not-yours' }) };
  const spanMs = from === null || to === null ? null : Date.parse(to) - Date.parse(from);
  return {
    session: line.id,
    daemon: line.daemon,
    pid: line.pid,
    start: line.start,
    user: line.user,
    owner: line.owner_name ?? (line.owner === null ? null : String(line.owner)),
    host: line.address,
    remote_port: line.port,
    local_port: line.local_port,
    protocol: line.protocol,
    started_at: from,
    ended_at: to,
    duration_seconds: spanMs === null ? null : Math.max(0, Math.floor(spanMs / 1000)),
    end: line.end,
    ended_by: isTold ? by : null,
    transfers: line.transfers,
    bytes: line.bytes,
    transfers_by: line.transfers_by ?? null,
    seen: line.seen,
    why: Object.entries(why)
      .map(([column, reason]) => `${column}: ${reason}`)
      .join('; '),
  };
}
