import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, type TestContext, test } from 'node:test';
import type { HostDaemon } from '../../support/host-daemons.ts';
import { startServer, type TestServer } from '../../support/http.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { users } from '../../support/users.ts';
import { collectThrough, tables } from '../daemons/pure-ftpd/sources.ts';
import { openStores, type Stores } from './callers.ts';
import { show } from './credentials.ts';
import { crowd, leaveAll, pay, plans, startFtpServer, type Visit } from './visits.ts';

const skip = needsSandbox();
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

let ftpd: HostDaemon;
let stores: Stores;
let server: TestServer;
let own: Visit[] = [];
before(async () => {
  if (skip !== false) return;
  ftpd = await startFtpServer();
  stores = await openStores();
  const table = tables['procfs kept open']?.();
  assert.ok(table);
  server = await startServer(stores.services(collectThrough(table)));
  own = await pay(
    [ftpd],
    plans.filter(({ owner }) => owner === users.alice),
  );
});
after(async () => {
  if (skip !== false) return;
  agent.destroy();
  await server.close();
  await leaveAll(own);
  await ftpd.stop();
  stores.remove();
});

/** Asks over a connection that stays open; resolves to the body and how long it took to come. */
async function ask(name: string, path: string): Promise<{ body: string; ms: number }> {
  const { header } = show(name, 'cpanel', stores.secretsOf(name), { cookie: '', prefix: '' });
  const headers = { authorization: header.replace('Authorization: ', '') };
  const before = performance.now();
  const body = await new Promise<string>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path, headers, agent };
    request(options, (answer) => text(answer).then(resolve, reject))
      .once('error', reject)
      .end();
  });
  return { body, ms: performance.now() - before };
}

/**
 * The time that a tenth of all took less than. On a loaded machine most take longer, by how often the
 * others got the processor meanwhile; those that nothing came between take what the work takes.
 */
function undisturbed(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 10)] ?? Number.NaN;
}

function report(t: TestContext, what: string, a: number[], b: number[]): number {
  const [first, second] = [undisturbed(a), undisturbed(b)];
  const ratio = second / first;
  const ms = `${first.toFixed(2)} and ${second.toFixed(2)} ms`;
  t.diagnostic(`${what}: undisturbed ${ms}, ratio ${ratio.toFixed(2)}`);
  return ratio;
}

const isNoSlower = (ratio: number) => ratio < 1.5;
const isAlike = (ratio: number) => ratio > 1 / 1.5 && isNoSlower(ratio);

/**
 * The ratio that a measurement comes to. One that tells of a difference is done again, up to three
 * times: what a busy machine does to one of them passes, and a difference of the server's stays.
 */
async function steadyRatio(
  isFine: (ratio: number) => boolean,
  measureRatio: () => Promise<number>,
): Promise<number> {
  let ratio = Number.NaN;
  for (let round = 0; round < 3 && !isFine(ratio); round++) ratio = await measureRatio();
  return ratio;
}

test('an answer with 100 foreign sessions takes as long as with none', {
  skip,
}, async (t) => {
  const path = '/execute/Ftp/list_sessions';
  const bobs = plans.find(({ owner, status }) => owner === users.bob && status === 'IDLE');
  assert.ok(bobs);
  const ratio = await steadyRatio(isNoSlower, async () => {
    const [alone, among]: [number[], number[]] = [[], []];
    for (let round = 0; round < 2; round++) {
      await measure(alone, 200);
      const foreign = await crowd(ftpd, bobs, 100);
      await measure(among, 200);
      await foreign.leave();
    }
    // As many before the crowds as behind them: a machine that slows down or speeds up tells nothing.
    await measure(alone, 200);
    return report(t, 'alice, with 0 and with 100 sessions of bob', alone, among);
  });
  assert.ok(isNoSlower(ratio), `${ratio}`);

  async function measure(into: number[], count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const { body, ms } = await ask('alice', path);
      assert.equal(JSON.parse(body).data.length, 3);
      into.push(ms);
    }
  }
});

test('an account that is not one’s own and one that does not exist: the same answer, as quick', {
  skip,
}, async (t) => {
  const call = 'Ftp&cpanel_jsonapi_func=list_sessions&cpanel_jsonapi_apiversion=3';
  const path = (name: string) =>
    `/json-api/cpanel?cpanel_jsonapi_user=${name}&cpanel_jsonapi_module=${call}`;
  const bodies = new Set<string>();
  const ratio = await steadyRatio(isAlike, async () => {
    const [foreign, unknown]: [number[], number[]] = [[], []];
    for (let i = 0; i < 400; i++) {
      for (const [name, into] of [
        ['alice', foreign],
        ['alicf', unknown],
      ] as const) {
        const { body, ms } = await ask('rita', path(name));
        bodies.add(body);
        into.push(ms);
      }
    }
    return report(t, 'rita asks for alice, and for nobody', foreign, unknown);
  });
  assert.equal(bodies.size, 1);
  assert.ok(isAlike(ratio), `${ratio}`);
});
