import type { FtpSession } from '../../sessions/session.ts';
import { ApiError } from '../call/api-error.ts';
import type { Arguments } from '../call/arguments.ts';

/** What Ftp::kill_session takes for every session. */
export const everyLogin = 'all';

/** Which of the caller's sessions a call of Ftp::kill_session is about. */
export interface Selection {
  /** As the audit log and the answer name it. */
  readonly login: string;
  readonly pid: number | null;
  /** Those that are meant. Throws ApiError where the name is that of several logins. */
  of(sessions: readonly FtpSession[]): readonly FtpSession[];
}

const whatToSend =
  'Send login=NAME for the sessions of one FTP login, login=all for all, pid=PID for the one with that PID, or call Ftp::end_session with pid and start for a single session. Nothing was ended.';
const pidPattern = /^[1-9]\d{0,9}$/;

/**
 * Reads whom to end. Published programs say `user` for `login`, and name a session by `id` or `pid`,
 * as the list gives it; the original knows neither and would end every session. What is given holds
 * together, so a call is never wider than what it asks for. Throws ApiError for an argument that is
 * empty or no PID, and without any of these for one that is not known.
 */
export function readSelection(
  args: Arguments,
  ownNames: readonly string[],
  alsoKnown: readonly string[] = [],
): Selection {
  for (const name of ['login', 'user']) {
    if (args.get(name) === '') throw new ApiError(`The argument “${name}” is empty. ${whatToSend}`);
  }
  const [login, user] = [args.get('login'), args.get('user')];
  const pids = ['id', 'pid'].map((name) => args.get(name)).filter((text) => text !== undefined);
  if (!pids.every((text) => pidPattern.test(text))) {
    throw new ApiError(`The arguments “id” and “pid” take the PID of a session. ${whatToSend}`);
  }
  const unknown = [...args.keys()].find((name) => !isKnown(name) && !alsoKnown.includes(name));
  if (login === undefined && unknown !== undefined) {
    throw new ApiError(
      `The function “Ftp::kill_session” does not know the argument “${unknown.slice(0, 64)}”, and without login it could end more than is meant. ${whatToSend}`,
    );
  }
  // Some programs name their account in every call.
  const isSurplus = login !== undefined && login !== everyLogin && ownNames.includes(user ?? '');
  return {
    login: login !== undefined && login !== everyLogin ? login : (user ?? everyLogin),
    pid: pids[0] === undefined ? null : Number(pids[0]),
    of: (sessions) => {
      const chosen = sessions.filter(
        (session) =>
          pids.every((pid) => session.pid === Number(pid)) &&
          (login === undefined || login === everyLogin || session.user === login),
      );
      return user === undefined || user === everyLogin || isSurplus
        ? chosen
        : withUser(chosen, sessions, user, ownNames);
    },
  };
}

function isKnown(name: string): boolean {
  return ['login', 'user', 'id', 'pid'].includes(name) || name.startsWith('api.');
}

/**
 * The sessions of that login. If there is none and it is not the account's own name, those of the one
 * virtual login NAME@… of that name.
 */
function withUser(
  chosen: readonly FtpSession[],
  all: readonly FtpSession[],
  name: string,
  ownNames: readonly string[],
): readonly FtpSession[] {
  const isWhole = name.includes('@') || ownNames.includes(name);
  if (isWhole || all.some(({ user }) => user === name)) {
    return chosen.filter(({ user }) => user === name);
  }
  const virtual = chosen.filter(({ user }) => user?.startsWith(`${name}@`));
  if (new Set(virtual.map(({ user }) => user)).size > 1) {
    throw new ApiError(
      `More than one FTP login is called “${name.slice(0, 128)}@…”: send the whole name. Nothing was ended.`,
    );
  }
  return virtual;
}
