import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { makeState, type ServedUapid, serve } from '../channel/served.ts';
import { connectFrom } from './raw-client.ts';

const skip = needsSandbox();

/** More than there is room for, of all accounts together. */
const flood = 10_050;
const atOnce = 50;

const fields = (user: string, pass: string) =>
  new URLSearchParams({ user, pass, login_only: '1' }).toString();

function loginRequest(user: string, password: string): string {
  const body = fields(user, password);
  const head = ['POST /login/ HTTP/1.1', 'Host: x', `Content-Length: ${body.length}`];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

interface Login {
  readonly cookie: string;
  /** "/cpsess##########" */
  readonly prefix: string;
}

/** Logs in and reads cookie and security token. */
function logIn({ url }: ServedUapid, user: string, password: string): Promise<Login> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/login/`, { method: 'POST', agent: false }, (response) => {
      const { location = '', 'set-cookie': [cookie = ''] = [] } = response.headers;
      response.resume();
      resolve({ cookie: cookie.split(';', 1)[0] ?? '', prefix: location.replace(/\/$/, '') });
    });
    sent.once('error', reject).end(fields(user, password));
  });
}

/** The HTTP status that a login's cookie gets. */
function statusOf({ url }: ServedUapid, { cookie, prefix }: Login): Promise<number> {
  return new Promise((resolve, reject) => {
    const target = `${url}${prefix}/execute/Ftp/list_sessions`;
    const sent = request(target, { agent: false, headers: { cookie } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.once('error', reject).end();
  });
}

async function start(t: TestContext) {
  const { stateDir, password } = makeState(t);
  const mallorys = randomBytes(12).toString('hex');
  addAccount(stateDir, 'mallory', mallorys, { role: 'admin' });
  return { uapid: { ...(await serve(t, { stateDir })), password }, mallorys };
}

test('ten thousand logins of one account end nobody else’s, and not the one that it uses', {
  skip,
}, async (t) => {
  const { uapid, mallorys } = await start(t);
  const honest = await logIn(uapid, 'admin', uapid.password);
  assert.equal(await statusOf(uapid, honest), 200);
  const client = await connectFrom(t, uapid, '127.0.3.1');
  for (let sent = 0; sent < flood; sent += atOnce) {
    client.socket.write(loginRequest('mallory', mallorys).repeat(atOnce));
    const all = () => client.statuses().length === sent + atOnce;
    await until(all, { what: 'all have an answer', timeoutMs: 60_000 });
  }
  assert.deepEqual([...new Set(client.statuses())], [200]);
  const latest = await logIn(uapid, 'mallory', mallorys);
  assert.equal(await statusOf(uapid, latest), 200);
  assert.equal(await statusOf(uapid, honest), 200);
});
