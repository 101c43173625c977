import * as z from 'zod';
import type { FileLine } from '../../session-log/log-line.ts';
import { maxSessionNameLength } from '../../sessions/history.ts';
import { ApiError } from '../call/api-error.ts';
import type { Arguments } from '../call/arguments.ts';
import { defineFunction } from '../call/define-function.ts';
import { askHistory, createHistoryTurns } from './ask-history.ts';

export const pastFileRow = z
  .object({
    session: z
      .string()
      .describe('The session, as in list_history.')
      .meta({ examples: ['5ea1a19b.1a4f'] }),
    user: z
      .string()
      .nullable()
      .describe('The FTP account’s user name.')
      .meta({ examples: ['ftpaccount'] }),
    finished_at: z
      .string()
      .nullable()
      .describe('When the transfer was over, to the second, in ISO 8601 and UTC.')
      .meta({ examples: ['2020-04-23T14:23:51.000Z'] }),
    direction: z.enum(['upload', 'download']).describe('As the client sees it.'),
    bytes: z.int().min(0).describe('How many bytes were transferred.'),
    seconds: z
      .int()
      .min(0)
      .nullable()
      .describe(
        'How long it took, in whole seconds; null where the FTP server’s log does not tell.',
      ),
    complete: z
      .union([z.literal(0), z.literal(1)])
      .describe('0 where the FTP server’s log says that it broke off.'),
    file: z
      .string()
      .describe('The path, as the FTP server’s log has it: ProFTPD and vsftpd write _ for blanks.')
      .meta({ examples: ['/home/user/public_html/index.php'] }),
  })
  .meta({ id: 'FtpPastFile' });

/** uapid's own. */
export const listHistoryFiles = defineFunction({
  module: 'Ftp',
  name: 'list_history_files',
  summary: 'Return the files that an FTP session transferred, from the session log',
  description:
    'This function is an extension of uapid, unknown to cPanel. It lists which files a session transferred that list_history names, oldest first, as the FTP server’s own log of transfers told; the newest 5,000 at most. An account sees those of the sessions that it sees in list_history; of any other the list is empty. When you disable the FTP role, the system disables this function.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: {
    session: z
      .string()
      .describe('The session, as in list_history.')
      .meta({ examples: ['5ea1a19b.1a4f'] }),
  },
  data: z.array(pastFileRow),
  isList: true,
  keep: createHistoryTurns,
  run: async (context) => {
    const { args } = context;
    const { sessions, warnings } = await askHistory(context, filesOf(args));
    const data = sessions.flatMap(({ id, user, files = [] }) =>
      files.map((each) => toFileRow({ ...each, session: id, user })),
    );
    return { data, warnings };
  },
});

/** What a call asks for. Throws ApiError. */
export function filesOf(args: Arguments) {
  const session = args.get('session') ?? '';
  if (session === '' || session.length > maxSessionNameLength) {
    throw new ApiError('The argument “session” is no session that list_history names.');
  }
  return { login: null, from: null, since: null, until: null, session, files: true };
}

interface PastFile extends FileLine {
  readonly session: string;
  readonly user: string | null;
}

export function toFileRow(each: PastFile): z.infer<typeof pastFileRow> {
  return {
    session: each.session,
    user: each.user,
    finished_at: each.at,
    direction: each.direction,
    bytes: each.bytes,
    seconds: each.seconds,
    complete: each.whole ? 1 : 0,
    file: each.file,
  };
}
