import * as z from 'zod';
import { endAudited } from '../../access/end-audited.ts';
import { localHost } from '../../sessions/identity.ts';
import { ApiError } from '../call/api-error.ts';
import { type CallContext, defineFunction, type Outcome } from '../call/define-function.ts';
import { recordRefusedCall } from '../call/refused-call.ts';
import { answerEndings, type OwnSessions, ownSessions, recordNone } from './end-sessions.ts';

const name = { module: 'Ftp', name: 'end_session' } as const;

export const endSession = defineFunction({
  ...name,
  summary: 'End one FTP session (uapid’s own)',
  description:
    'An extension of uapid, which the original does not have. This function ends the one FTP session that pid and start tell from all others, of today and of earlier: an account’s own, an administrator’s any. The answer comes when it is gone. One that has not ended after some seconds is ended by force; if it is still there then, the call fails and says so. Pages of other sites may not call it. When you disable the FTP role, the system disables this function.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: {
    pid: z
      .string()
      .describe('The session’s PID.')
      .meta({ examples: ['6735'] }),
    start: z
      .string()
      .describe('The session’s start, as Ftp::list_transfers gives it.')
      .meta({ examples: ['1894421'] }),
  },
  data: z.null(),
  isList: false,
  changes: true,
  run: (context) => endOne(context, { host: localHost, find: () => ownSessions(context) }),
});

/** Where the one session is. */
interface EndPlace {
  readonly host: string;
  /** Gives the sessions there that the caller may end. */
  readonly find: () => Promise<OwnSessions>;
}

/** Ends the one session that a call names by pid and start. */
export async function endOne(
  context: CallContext,
  { host, find }: EndPlace,
): Promise<Outcome<null>> {
  const { args } = context;
  const [pidText = '', start = ''] = [args.get('pid'), args.get('start')];
  if (!/^[1-9]\d{0,9}$/.test(pidText) || !/^\w{1,32}$/.test(start)) {
    recordRefusedCall(name, context, 'arguments');
    throw new ApiError(
      'Send pid and start of the session as Ftp::list_transfers gives them. Nothing was ended.',
    );
  }
  const pid = Number(pidText);
  const { scope, sessions } = await find();
  const target = sessions.find(
    (session) => session.host === host && session.pid === pid && session.startTime === start,
  );
  if (target === undefined) {
    recordNone(context, { host, pid, start });
    throw noSuchSession();
  }
  const results = await endAudited([target], scope, context);
  if (results[0]?.outcome === 'gone') throw noSuchSession();
  return { data: null, ...answerEndings(results) };
}

/** The same whether it has ended, never was, or is somebody else's. */
function noSuchSession(): ApiError {
  return new ApiError('There is no such FTP session. Nothing was ended.', 'session-unknown');
}
