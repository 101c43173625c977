import { parseAnswers, post, type RawAnswer, type TestServer } from '../../support/http.ts';
import type { Secrets } from './callers.ts';

/** The account's door, or the one where only administrators and resellers are let in. */
export type Port = 'account' | 'administrator';
export const ports: readonly Port[] = ['account', 'administrator'];

/** The ways to show who one is. */
export type Credential = 'basic' | 'cpanel' | 'read-only' | 'whm' | 'cookie';
export const credentials: readonly Credential[] = ['basic', 'cpanel', 'read-only', 'whm', 'cookie'];

/** What a credential puts in front of the path and among the headers. */
export interface Shown {
  readonly prefix: string;
  readonly header: string;
}

/** The two halves of a login. */
export interface Login {
  readonly cookie: string;
  readonly prefix: string;
}

/** Logs in where accounts do; rejects when that fails. */
export async function logIn(server: TestServer, name: string, password: string): Promise<Login> {
  const form = new URLSearchParams({ user: name, pass: password, login_only: '1' }).toString();
  const answer = await server.send(post('/login/', 'application/x-www-form-urlencoded', form));
  const cookie = /^cpsession=([^;]+)/.exec(answer.header('set-cookie') ?? '')?.[1];
  const prefix = /"security_token":"([^"]+)"/.exec(answer.body)?.[1];
  if (cookie === undefined || prefix === undefined) throw new Error(`no login: ${answer.body}`);
  return { cookie, prefix };
}

/** A way to show who one is, from the secrets of whoever's they are. */
export function show(
  name: string,
  credential: Credential,
  { password, token, readOnlyToken }: Secrets,
  login: Login,
): Shown {
  if (credential === 'cookie') return showLogin(login);
  const text = {
    basic: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
    cpanel: `cpanel ${name}:${token}`,
    'read-only': `cpanel ${name}:${readOnlyToken}`,
    whm: `whm ${name}:${token}`,
  }[credential];
  return { prefix: '', header: `Authorization: ${text}` };
}

/** The cookie under the names that both ports know. */
export function showLogin({ cookie, prefix }: Login): Shown {
  return { prefix, header: `Cookie: cpsession=${cookie}; whostmgrsession=${cookie}` };
}

/** Requests that go over one connection at most. */
const maxInBatch = 25;

interface Get {
  readonly target: string;
  readonly header: string;
}

/**
 * Sends GET requests, many at the same time so that they share looks with their neighbours, and
 * resolves to the answers in order. `connections` are open at the same time.
 */
export async function getAll(
  server: TestServer,
  requests: readonly Get[],
  connections = 32,
): Promise<RawAnswer[]> {
  const batch = Math.min(maxInBatch, Math.ceil(requests.length / connections));
  const starts = Array.from({ length: Math.ceil(requests.length / batch) }, (_, i) => i * batch);
  const answers: RawAnswer[][] = starts.map(() => []);
  const next = starts.entries();
  const work = async () => {
    for (const [index, from] of next) {
      answers[index] = await getSome(server, requests.slice(from, from + batch));
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  return answers.flat();
}

async function getSome(server: TestServer, requests: readonly Get[]): Promise<RawAnswer[]> {
  const texts = requests.map(({ target, header }, index) => {
    const last = index === requests.length - 1 ? 'Connection: close\r\n' : '';
    return `GET ${target} HTTP/1.1\r\nHost: x\r\n${last}${header}\r\n\r\n`;
  });
  const bytes = await server.exchange(texts.join(''));
  return parseAnswers(
    bytes,
    requests.map(() => 'GET'),
  );
}
