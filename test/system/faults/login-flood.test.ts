import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { runUapid } from '../../support/cli-run.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { makeState, type ServedUapid, serve } from '../channel/served.ts';
import { connectFrom, question, type RawClient } from './raw-client.ts';

const skip = needsSandbox();

/** What docs/security.md says of the queue: so much work waits, at two passwords at a time. */
const [maxWaitMs, concurrency] = [2_000, 2];

const addresses = 120;
/** Wrong passwords that are sent one after the other, to learn how long one takes. */
const tries = 10;
/** Below the 50 failures after which an address has to wait. */
const maxOfOne = 45;

/** A server with the accounts "admin" and "carol", and how long one password takes here and now. */
async function start(t: TestContext) {
  const { stateDir, password } = makeState(t);
  const carols = randomBytes(12).toString('hex');
  addAccount(stateDir, 'carol', carols, { role: 'admin' });
  const uapid = { ...(await serve(t, { stateDir })), password };
  const client = await connectFrom(t, uapid, '127.0.7.1');
  const begun = performance.now();
  for (let tried = 1; tried <= tries; tried += 1) {
    client.socket.write(question(`nobody${tried}`, 'wrong'));
    await until(() => client.statuses().length === tried, {
      what: 'it is refused',
      timeoutMs: 60_000,
    });
  }
  const hashMs = (performance.now() - begun) / tries;
  t.diagnostic(`${hashMs.toFixed(1)} ms a password`);
  return { uapid, hashMs, carols };
}

const answersOf = (clients: readonly RawClient[]) => clients.flatMap((each) => each.statuses());

/** Sends wrong passwords, each of an account of its own, from 120 addresses at once. */
async function flood(t: TestContext, uapid: ServedUapid, count: number): Promise<RawClient[]> {
  const clients = await Promise.all(
    Array.from({ length: addresses }, (_, i) => connectFrom(t, uapid, `127.0.1.${i + 1}`)),
  );
  const ofEach = Math.min(maxOfOne, Math.ceil(count / addresses));
  for (const { socket } of clients) {
    const sent = Array.from({ length: ofEach }, (_, i) => question(`user${i}`, 'wrong'));
    socket.write(sent.join(''));
  }
  await until(() => answersOf(clients).length > 0, {
    what: 'the first has its answer',
    timeoutMs: 60_000,
  });
  return clients;
}

/** Asks from an address; resolves to the status and how many of the flood were refused meanwhile. */
async function askIn(
  t: TestContext,
  uapid: ServedUapid,
  flooding: readonly RawClient[],
  [address, user, password]: [string, string, string],
) {
  const refused = () => answersOf(flooding).filter((status) => status === 401).length;
  const client = await connectFrom(t, uapid, address);
  const before = refused();
  client.socket.write(question(user, password));
  await until(() => client.statuses().length > 0, { what: 'an answer', timeoutMs: 120_000 });
  return { status: client.statuses()[0], text: client.text(), meanwhile: refused() - before };
}

test('a flood of wrong passwords keeps nobody waiting: a stranger is told when to come again, an account that was there before comes in', {
  skip,
}, async (t) => {
  const { uapid, hashMs, carols } = await start(t);
  const from = '127.0.9.1';
  assert.equal((await askIn(t, uapid, [], [from, 'carol', carols])).status, 200);
  // A password that was never sent yet, so that it is not remembered.
  const renewed = randomBytes(12).toString('hex');
  const change = ['account', 'passwd', 'carol', '--password-stdin', '--state-dir', uapid.stateDir];
  assert.equal((await runUapid(change, { input: `${renewed}\n` })).code, 0);

  const room = (concurrency * maxWaitMs) / hashMs;
  const flooding = await flood(t, uapid, Math.max(4 * room, 600));
  const sent = addresses * Math.min(maxOfOne, Math.ceil(Math.max(4 * room, 600) / addresses));
  const [known, stranger] = await Promise.all([
    askIn(t, uapid, flooding, [from, 'carol', renewed]),
    askIn(t, uapid, flooding, ['127.0.8.1', 'admin', uapid.password]),
  ]);
  t.diagnostic(`${sent} sent; refused until known ${known.meanwhile}, new ${stranger.meanwhile}`);
  assert.equal(known.status, 200);
  assert.ok(known.meanwhile < sent / 10, `${known.meanwhile} of ${sent} came first`);
  assert.ok(stranger.meanwhile < sent / 2, `${stranger.meanwhile} of ${sent} came first`);
  if (stranger.status !== 200) {
    assert.equal(stranger.status, 503);
    assert.match(stranger.text, /^retry-after: 2\r$/im);
    assert.match(stranger.text, /"errors":\["Too many logins are being checked\. Try again/);
  }
  const all = () => answersOf(flooding);
  await until(() => all().length === sent, { what: 'all have an answer', timeoutMs: 120_000 });
  assert.deepEqual([...new Set(all())].sort(), [401, 503]);
  const after = await askIn(t, uapid, [], ['127.0.8.2', 'admin', uapid.password]);
  assert.equal(after.status, 200);
});

test('a password whose sender has hung up is not looked at', { skip }, async (t) => {
  const { uapid, hashMs } = await start(t);
  const auditLog = join(uapid.stateDir, 'audit.log');
  const lookedAt = () => readFileSync(auditLog, 'utf8').split('reason=credentials').length - 1;
  // The log goes out behind the answers.
  await until(() => lookedAt() === tries, { what: 'the log has the first refusals' });
  // Half of what has room, so that nothing else is in its way.
  const wanted = Math.max(addresses, (concurrency * maxWaitMs) / hashMs / 2);
  const flooding = await flood(t, uapid, wanted);
  for (const { socket } of flooding) socket.destroy();
  const sent = addresses * Math.min(maxOfOne, Math.ceil(wanted / addresses));
  // The last in the queue.
  await until(
    async () => {
      const asked = await askIn(t, uapid, [], ['127.0.8.1', 'admin', uapid.password]);
      // On a machine that has become slower meanwhile there is no room yet.
      assert.ok(asked.status === 200 || asked.status === 503, `${asked.status}`);
      return asked.status === 200;
    },
    { what: 'it is let in', timeoutMs: 60_000 },
  );
  const seen = lookedAt() - tries;
  t.diagnostic(`${seen} of ${sent} were looked at`);
  assert.ok(seen < sent / 2, `${seen} of ${sent}`);
});
