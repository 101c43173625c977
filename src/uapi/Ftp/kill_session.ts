import * as z from 'zod';
import { endAudited } from '../../access/end-audited.ts';
import { type CallContext, defineFunction, type Outcome } from '../call/define-function.ts';
import { recordRefusedCall } from '../call/refused-call.ts';
import { answerEndings, type OwnSessions, ownSessions, recordNone } from './end-sessions.ts';
import { everyLogin, readSelection, type Selection } from './kill-selection.ts';
import { listedOf } from './list_sessions.ts';

const name = { module: 'Ftp', name: 'kill_session' } as const;
/** No daemon takes a longer one, and no answer has to repeat it. */
const maxLoginLength = 128;

/** https://api.docs.cpanel.net/openapi/cpanel/operation/kill_session/ describes the original. */
export const killSession = defineFunction({
  ...name,
  summary: 'Stop FTP session',
  description:
    'This function ends FTP sessions: an account’s own, an administrator’s any, of those that list_sessions lists. What is given holds together, so that a call never ends more than each of its arguments asks for. The answer comes when they are gone and says how many; a session that has not ended after some seconds is ended by force, one that is still there then is told in warnings, and the call fails when it could end none of those that it was about. Without login an argument that the function does not know is refused and nothing is ended. Pages of other sites may not call it. When you disable the FTP role, the system disables this function.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: {
    login: z
      .string()
      .default(everyLogin)
      .describe('The FTP login whose sessions are ended; all for every session of the account.')
      .meta({ examples: ['ftpaccount'] }),
    user: z
      .string()
      .optional()
      .describe(
        'uapid’s own: another name of login. It may also be the NAME of one login NAME@… of the account.',
      )
      .meta({ examples: ['ftpaccount'] }),
    pid: z
      .string()
      .optional()
      .describe('uapid’s own: ends the session with that PID alone.')
      .meta({ examples: ['6735'] }),
    id: z
      .string()
      .optional()
      .describe('uapid’s own: another name of pid.')
      .meta({ examples: ['6735'] }),
  },
  data: z.null(),
  isList: false,
  changes: true,
  run: (context) => {
    const { account } = context;
    const ownNames = [account.name, account.systemUser].filter((each) => each !== null);
    return killSessions(context, { ownNames, alsoKnown: [], find: () => ownSessions(context) });
  },
});

/** What a call is held against. */
interface KillRules {
  /** Names of the account itself. */
  readonly ownNames: readonly string[];
  /** Arguments beside those that this function has everywhere. */
  readonly alsoKnown: readonly string[];
  /** Gives the sessions that the caller may end; throws ApiError where that is not clear. */
  readonly find: (selection: Selection) => Promise<OwnSessions>;
}

/** Ends those of the caller's sessions that a call is about. */
export async function killSessions(
  context: CallContext,
  { ownNames, alsoKnown, find }: KillRules,
): Promise<Outcome<null>> {
  const { args } = context;
  const refusing = <Value>(read: () => Value): Value => {
    try {
      return read();
    } catch (error) {
      recordRefusedCall(name, context, 'arguments');
      throw error;
    }
  };
  const selection = refusing(() => readSelection(args, ownNames, alsoKnown));
  const { scope, sessions, warnings } = await find(selection);
  // Whoever ends what the list shows ends nothing that it leaves out.
  const targets = refusing(() => selection.of(listedOf(sessions)));
  const { login, pid } = selection;
  if (targets.length === 0) {
    recordNone(context, pid === null ? { login } : { login, pid });
    return { data: null, messages: [formatNone(login, pid)], warnings };
  }
  const endings = answerEndings(await endAudited(targets, scope, context));
  return { data: null, ...endings, warnings: [...warnings, ...endings.warnings] };
}

function formatNone(login: string, pid: number | null): string {
  const whose = login === everyLogin ? '' : ` of “${login.slice(0, maxLoginLength)}”`;
  const which = pid === null ? '' : ` with the PID ${pid}`;
  return `There was no FTP session${whose}${which} to end.`;
}
