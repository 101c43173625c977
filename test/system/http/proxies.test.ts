import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readEvents } from '../../support/event-source.ts';
import { onFreePort } from '../../support/free-port.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import {
  type ProxyName,
  proxyNames,
  type StartedProxy,
  startProxy,
} from '../../support/proxies.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';

const skip = needsSandbox();
const { alice } = users;

/** Node.js' own time for a connection that is kept, which is shorter than that of every proxy. */
const nodesKeepAliveMs = 5_000;

describe('behind a proxy as it comes', { skip }, () => {
  let ftpd: PureFtpd;
  let uapid: RunningUapid;
  let basic: Readonly<Record<string, string>>;
  const proxies = new Map<ProxyName, StartedProxy>();
  before(async () => {
    await makeHome(alice, []);
    ftpd = await startPureFtpd();
    uapid = await startUapid(['--trust-proxy', '127.0.0.1']);
    const { user, password } = uapid;
    basic = { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
    const server = new URL(uapid.url).host;
    for (const name of proxyNames) {
      proxies.set(name, await onFreePort((port) => startProxy(name, { port, server })));
    }
  });
  after(async () => {
    for (const proxy of proxies.values()) await proxy.stop();
    await uapid?.stop();
    await ftpd?.stop();
  });
  const portOf = (name: ProxyName) => proxies.get(name)?.port ?? 0;

  const logIn = async (t: TestContext) => {
    const client = await connectFtp(ftpd);
    t.after(() => client.destroy());
    await client.login(alice.name, alice.password);
    return client;
  };

  for (const name of proxyNames) {
    test(`the page is there, and a browser logs in on it: ${name}`, async () => {
      const url = `http://127.0.0.1:${portOf(name)}`;
      const page = await fetch(`${url}/`);
      assert.equal(page.status, 200);
      assert.match(await page.text(), /<script/);
      const { user, password } = uapid;
      // What a browser says of a page of the proxy's own address over TLS.
      const logsIn = await fetch(`${url}/login/?login_only=1`, {
        method: 'POST',
        headers: { origin: 'https://panel.example', 'sec-fetch-site': 'same-origin' },
        body: new URLSearchParams({ user, pass: password }),
      });
      assert.equal(logsIn.status, 200, await logsIn.text());
      assert.match(logsIn.headers.get('set-cookie') ?? '', /=/);
    });

    test(`an event is there as soon as there is something to tell: ${name}`, async (t) => {
      const stream = await readEvents(portOf(name), '/events', basic);
      t.after(() => stream.close());
      const shown = (count: number) => () => {
        const { data } = (stream.last('sessions') ?? {}) as { data?: unknown[] };
        return data?.length === count;
      };
      await until(shown(0), { what: 'the first event', timeoutMs: 20_000 });
      const client = await logIn(t);
      await until(shown(1), { what: 'the event of a login', timeoutMs: 20_000 });
      client.destroy();
      await until(shown(0), { what: 'the event of its end', timeoutMs: 20_000 });
    });

    test(`a guesser behind it is told from the others: ${name}`, async () => {
      const guess = { authorization: `Basic ${Buffer.from('admin:wrong').toString('base64')}` };
      const from = (address: string, headers: Readonly<Record<string, string>>) =>
        fetch(`http://127.0.0.1:${portOf(name)}/Ftp/list_sessions`, {
          headers: { ...headers, 'x-forwarded-for': address },
        }).then(({ status }) => status);
      assert.equal(await from('192.0.2.1', guess), 401);
      assert.equal(await from('192.0.2.7', basic), 200);
    });
  }

  test('a kept connection that has idled is still there, and answers the next call', async () => {
    // nginx keeps connections at the second of its addresses.
    const hosts = proxyNames.map((name) => `127.0.0.${name === 'nginx' ? 2 : 1}:${portOf(name)}`);
    const call = async (host: string) => {
      const answer = await fetch(`http://${host}/Ftp/list_sessions`, { headers: basic });
      return [answer.status, await answer.text()];
    };
    for (const host of hosts) assert.equal((await call(host))[0], 200);
    const kept = connectionsTo(uapid.url);
    // Not HAProxy's, which closes spare ones by itself (pool-purge-delay).
    assert.ok(kept.size >= 2, `${kept.size} connections were kept`);
    // The least that shows it: there is nothing else to wait for.
    await delay(nodesKeepAliveMs + 2_000);
    const open = connectionsTo(uapid.url);
    const closed = [...kept].filter((each) => !open.has(each));
    assert.ok(closed.length <= 1, `${closed.length} of ${kept.size} were closed`);
    for (const host of hosts) assert.equal((await call(host))[0], 200);
  });
});

/** The client's ends of established connections to a server of this host (proc(5)). */
function connectionsTo(url: string): ReadonlySet<string> {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/tcp', 'latin1').split('\n');
  const ends = lines.map((line) => line.trim().split(/\s+/));
  return new Set(
    ends.flatMap(([, local = '', remote = '', state]) =>
      state === '01' && remote.endsWith(`:${port}`) ? [local] : [],
    ),
  );
}
