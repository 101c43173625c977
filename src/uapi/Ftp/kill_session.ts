import { z } from 'zod';
import { ApiError } from '../api-error.ts';
import type { Arguments } from '../arguments.ts';
import { defineFunction } from '../define-function.ts';
import { describeEndings, endSessions, noteNone, ownSessions } from '../end-sessions.ts';
import { noteRefusedCall } from '../refused-call.ts';

const name = { module: 'Ftp', name: 'kill_session' } as const;
const everyLogin = 'all';

/** https://api.docs.cpanel.net/openapi/cpanel/operation/kill_session/ describes the original. */
export const killSession = defineFunction({
  ...name,
  summary: 'Stop FTP session',
  description:
    'This function ends FTP sessions: an account’s own, an administrator’s any. The answer comes when they are gone and says how many; a session that has not ended after some seconds is told in warnings. Without login an argument that the function does not know, such as id, is refused and nothing is ended. Pages of other sites may not call it. When you disable the FTP role, the system disables this function.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: {
    login: z
      .string()
      .default(everyLogin)
      .describe('The FTP login whose sessions are ended; all for every session of the account.')
      .meta({ examples: ['ftpaccount'] }),
  },
  data: z.null(),
  isList: false,
  changes: true,
  run: async (context) => {
    const { args } = context;
    const fault = faultIn(args);
    if (fault !== null) {
      noteRefusedCall(name, context, 'arguments');
      throw new ApiError(fault);
    }
    const login = args.get('login') ?? everyLogin;
    const { uids, sessions, warnings } = await ownSessions(context);
    const targets = sessions.filter(({ user }) => login === everyLogin || user === login);
    if (targets.length === 0) {
      noteNone(context, { login });
      return { data: null, messages: [describeNone(login)], warnings };
    }
    const endings = describeEndings(await endSessions(targets, uids, context));
    return { data: null, ...endings, warnings: [...warnings, ...endings.warnings] };
  },
});

/**
 * The original takes no notice of arguments that it does not know, and some clients send the id of a
 * session: taken by its word, their call would end every session of the account.
 */
function faultIn(args: Arguments): string | null {
  const login = args.get('login');
  const whatToSend =
    'Send login=NAME for the sessions of one FTP login, login=all for all, or call Ftp::end_session with pid and start for a single session. Nothing was ended.';
  if (login === '') return `The argument “login” is empty. ${whatToSend}`;
  const unknown = [...args.keys()].find((key) => !key.startsWith('api.'));
  if (login !== undefined || unknown === undefined) return null;
  return `The function “Ftp::kill_session” does not know the argument “${unknown.slice(0, 64)}”, and without login it would end every session. ${whatToSend}`;
}

function describeNone(login: string): string {
  return login === everyLogin
    ? 'There was no FTP session to end.'
    : `There was no FTP session of “${login}” to end.`;
}
