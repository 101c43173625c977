import type { Result } from './session.ts';

/** What came of a login. */
export type LoginOutcome =
  | { readonly kind: 'in'; readonly securityToken: string }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'throttled' | 'busy'; readonly seconds: number }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'unexpected'; readonly status: number };

/** Logs in: the server sets the cookie and gives the security token, the beginning of all paths. */
export async function logIn(user: string, pass: string): Promise<LoginOutcome> {
  const answer = await post('/login/?login_only=1', { user, pass });
  if (answer === null) return { kind: 'unreachable' };
  if (answer.status === 401) return { kind: 'wrong' };
  if (answer.status === 429 || answer.status === 503) {
    const seconds = Number(answer.headers.get('retry-after')) || 1;
    return { kind: answer.status === 429 ? 'throttled' : 'busy', seconds };
  }
  const body = await readJson<{ security_token?: string }>(answer);
  const securityToken = body?.security_token;
  if (securityToken !== undefined) return { kind: 'in', securityToken };
  return { kind: 'unexpected', status: answer.status };
}

/** False when the server could not be reached. A login that had ended already is one less, too. */
export async function logOut(securityToken: string): Promise<boolean> {
  return (await post(`${securityToken}/logout`, {})) !== null;
}

/** What came of a call of a function of the module Ftp. */
export type CallOutcome = Result<unknown> | 'unreachable' | 'login-over';

/** Calls a function of the module Ftp. */
export async function callFtp(
  securityToken: string,
  name: 'end_session' | 'kill_session' | 'list_transfers' | 'get_port',
  args: Readonly<Record<string, string>> = {},
): Promise<CallOutcome> {
  const answer = await post(`${securityToken}/execute/Ftp/${name}`, args);
  if (answer === null) return 'unreachable';
  if (answer.status === 401) return 'login-over';
  return (await readJson<Result<unknown>>(answer)) ?? 'unreachable';
}

/** The data of such a call; null when there is none, whatever the reason. */
export async function askFtp<Data>(...call: Parameters<typeof callFtp>): Promise<Data | null> {
  const outcome = await callFtp(...call);
  return typeof outcome === 'string' ? null : (outcome.data as Data | null);
}

/** What the server says of itself. */
export interface ServerInfo {
  readonly host: string;
  readonly version: string;
  /** Its clock, in milliseconds since the epoch; null where no answer tells. */
  readonly now: number | null;
}

/** Null when it could not be asked. */
export async function askServerInfo(securityToken: string): Promise<ServerInfo | null> {
  const answer = await post(`${securityToken}/execute/Uapid/get_server_info`, {});
  if (answer === null || !answer.ok) return null;
  const data = (await readJson<Result<{ host: string; version: string }>>(answer))?.data;
  if (data === null || data === undefined) return null;
  const now = Date.parse(answer.headers.get('date') ?? '');
  return { host: data.host, version: data.version, now: Number.isNaN(now) ? null : now };
}

/** Calls a function that only reads. */
export async function readFtp<Data>(
  securityToken: string,
  name: 'list_history' | 'list_history_files',
  args: Readonly<Record<string, string>>,
): Promise<Result<Data> | 'unreachable' | 'login-over'> {
  let answer: Response;
  try {
    answer = await fetch(`${securityToken}/execute/Ftp/${name}?${new URLSearchParams(args)}`);
  } catch {
    return 'unreachable';
  }
  if (answer.status === 401) return 'login-over';
  return (await readJson<Result<Data>>(answer)) ?? 'unreachable';
}

/** Whether the login still holds; null when the server could not be reached. */
export async function holds(securityToken: string): Promise<boolean | null> {
  try {
    const { status } = await fetch(`${securityToken}/events`, { method: 'HEAD' });
    return status !== 401;
  } catch {
    return null;
  }
}

async function post(url: string, fields: Readonly<Record<string, string>>) {
  try {
    return await fetch(url, { method: 'POST', body: new URLSearchParams(fields) });
  } catch {
    return null;
  }
}

async function readJson<Body>(answer: Response): Promise<Body | null> {
  try {
    return (await answer.json()) as Body;
  } catch {
    return null;
  }
}
