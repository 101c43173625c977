import { type Caller, callerNamed, sees } from './callers.ts';
import type { Credential, Port } from './credentials.ts';
import type { Door, Outcome, Params } from './doors.ts';
import { accountsSeenBy, rowWithDisk, shortRow } from './ftp-accounts.ts';
import { askedSession, hasWithheld, pastFiles, pastRows } from './past.ts';
import type { ListAnswer, Question } from './questions.ts';
import type { Visit } from './visits.ts';

/** A request, in the words of what a customer does. */
export interface Asked {
  readonly caller: Caller;
  readonly port: Port;
  readonly credential: Credential;
  readonly door: Door;
  /** The account that the request names, where the door takes one. */
  readonly named: string | null;
  readonly func: string;
  readonly question: Question;
}

/** What was really going on at the FTP server. */
export interface Truth {
  /** The lowest of all daemons. */
  readonly ftpPort: number;
  readonly visits: readonly Visit[];
}

/** The answer that the request must get, from the truth and the published rules alone. */
export function expectedAnswer(asked: Asked, truth: Truth): { status: number; body: string } {
  const { caller, port, credential, door, func } = asked;
  const isAdministrator = caller.role !== 'user';
  const isRefused =
    !isAdministrator &&
    (port === 'administrator' || credential === 'whm' || door.forAdministrators);
  const name = door.nameOf(func);
  if (isRefused) return door.refusal(name);
  const account = door.namesAccount ? actingFor(asked) : caller;
  if (account === null) return { status: 200, body: door.invalidUser };
  return { status: 200, body: door.body(name, outcome(account, asked, truth)) };
}

/** Users act for themselves, an administrator for anybody, a reseller for itself and its own. */
function actingFor({ caller, port, door, named }: Asked): Caller | null {
  if (caller.role === 'user') return caller;
  if (named === null || named === '') {
    return port === 'administrator' || door.forAdministrators ? null : caller;
  }
  const account = callerNamed(named) ?? null;
  if (caller.role === 'admin' || account?.name === caller.name) return account;
  return account?.owner === caller.name ? account : null;
}

const nothing = { data: null, metadata: {}, messages: [], warnings: [] };
const failed = (error: string): Outcome => ({ ...nothing, error });
const fine = (data: unknown): Outcome => ({ ...nothing, data, error: null });

/** An FTP login that nobody has: a call that would end something must find nothing to end. */
const nobodysLogin = 'no-such-login';

/** The arguments that a function is called with, beside those of the question. */
export function argumentsFor(func: string): Params {
  if (func === 'kill_session') return [['login', nobodysLogin]];
  if (func === 'list_history_files') return [['session', askedSession]];
  return func === 'end_session'
    ? [
        ['pid', '1'],
        ['start', '1'],
      ]
    : [];
}

/** What API 2 has, under names of its own. */
const ofApi2 = ['list_sessions', 'list_ftp', 'list_ftp_with_disk'];

const withheld =
  'Sessions are left out that bear one of these FTP logins, since nothing proved that it was theirs.';

/** What ends sessions. */
const changing = ['kill_session', 'end_session'];

function outcome(account: Caller, asked: Asked, truth: Truth): Outcome {
  const { door, func, question, credential } = asked;
  if (door.isApi2 && !ofApi2.includes(func)) {
    return failed(`Could not find function '${func}' in module 'Ftp'`);
  }
  if (!account.hasFeature) return failed('You do not have the feature “ftpaccts”.');
  if (credential === 'read-only' && changing.includes(func)) {
    return failed(
      `The function “Ftp::${func}” changes something, and this API token may only read. Nothing was changed.`,
    );
  }
  switch (func) {
    case 'list_sessions':
      return sessions(account, truth, (visits) => question.answer(visits.map(({ row }) => row)));
    case 'list_transfers':
      return sessions(account, truth, (visits) => ({
        rows: visits.map(({ steadyRow }) => steadyRow),
        metadata: { transformed: 1 },
      }));
    case 'list_history_files':
      return {
        ...nothing,
        data: pastFiles(account),
        metadata: { transformed: 1 },
        warnings: warningsOfNames(account),
        error: null,
      };
    case 'list_history':
      return {
        ...nothing,
        data: pastRows(account),
        metadata: { transformed: 1 },
        warnings: [...warningsOfNames(account), ...(hasWithheld(account) ? [withheld] : [])],
        error: null,
      };
    case 'list_ftp':
    case 'list_ftp_with_disk':
      return {
        ...nothing,
        data: accountsSeenBy(account).map((each) =>
          func === 'list_ftp' ? shortRow(each) : rowWithDisk(each),
        ),
        metadata: { transformed: 1 },
        warnings: warningsOfNames(account),
        error: null,
      };
    case 'get_ftp_daemon_info':
      return fine({
        enabled: 1,
        name: 'pure-ftpd',
        supports: { login_without_domain: 1, quota: 1 },
      });
    case 'get_port':
      return fine({ port: truth.ftpPort });
    case 'server_name':
      return fine('pure-ftpd');
    case 'kill_session':
      return {
        ...fine(null),
        messages: [`There was no FTP session of “${nobodysLogin}” to end.`],
        warnings: warningsFor(account, truth),
      };
    case 'end_session':
      return failed('There is no such FTP session. Nothing was ended.');
    default:
      throw new Error(`this test does not know what Ftp::${func} answers`);
  }
}

function sessions(
  account: Caller,
  truth: Truth,
  answerOf: (seen: readonly Visit[]) => ListAnswer,
): Outcome {
  const seen = truth.visits
    .filter((visit) => sees(account, visit))
    .sort((a, b) => a.connectedAt - b.connectedAt || a.row.pid - b.row.pid);
  const answer = answerOf(seen);
  if ('error' in answer) return failed(answer.error);
  const warnings = warningsFor(account, truth);
  return { ...nothing, data: answer.rows, metadata: answer.metadata, warnings, error: null };
}

function warningsFor(account: Caller, { visits }: Truth): string[] {
  const { uids, logins } = account;
  // It cannot be ruled out that a login which nothing proves is one of the account's.
  const isOpen = (visit: Visit) =>
    visit.container === undefined &&
    !visit.isUserProven &&
    uids !== 'all' &&
    !uids.includes(visit.uid);
  const unproven =
    logins !== undefined && visits.some(isOpen)
      ? [
          'The FTP login of some session cannot be told for sure, and so whose it is: sessions may be missing.',
        ]
      : [];
  const nameless = visits.filter((visit) => visit.row.user === '' && sees(account, visit)).length;
  const withoutUser =
    nameless === 0
      ? []
      : [
          `vsftpd does not tell the user of ${nameless === 1 ? 'one session' : `${nameless} sessions`}, which may be a guest’s. Its setting setproctitle_enable makes it tell.`,
        ];
  return [...warningsOfNames(account), ...withoutUser, ...unproven];
}

function warningsOfNames({ ownerless }: Caller): string[] {
  return ownerless.map(([name, systemUser]) => {
    const why =
      systemUser === 'root'
        ? 'which is root: root’s sessions belong to no account, and only administrators see them.'
        : 'and this server has no such user.';
    return `The account “${name}” stands for the system user “${systemUser}”, ${why}`;
  });
}
