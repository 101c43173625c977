import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCredentialCache } from '../../../src/auth/credential-cache.ts';
import { createThrottle } from '../../../src/auth/throttle.ts';
import { defaultLimits } from '../../../src/auth/throttle-limits.ts';
import { createVerificationQueue, tooManyLogins } from '../../../src/auth/verification-queue.ts';
import { basic, password, testServices, tokenOf } from '../../support/app.ts';
import { as, post, request, withServer } from '../../support/http.ts';

const path = '/execute/Ftp/list_sessions';
const wrong = `Authorization: ${basic('alice', 'wrong').authorization}`;

/** Services with the limits of a real server, and a clock of the test's. */
function guarded() {
  const clock = { now: 0 };
  const services = testServices({
    throttle: createThrottle(defaultLimits, () => clock.now),
    credentialCache: createCredentialCache(undefined, () => clock.now),
  });
  return { clock, services };
}

const doors: [target: string, body: RegExp][] = [
  ['/Ftp/list_sessions', /^\{"apiversion":3,.*"status":0/],
  [path, /^\{"data":null,"errors":\["Too many/],
  ['/json-api/cpanel?cpanel_jsonapi_func=listftpsessions', /^\{"cpanelresult":/],
  ['/json-api/uapi_cpanel', /^\{"data":\{"uapi":|"command":"uapi_cpanel"/],
];

test('after five failures every door refuses with 429, Retry-After and its own envelope', async () => {
  const { services, clock } = guarded();
  await withServer(services, async (server) => {
    for (let failure = 0; failure < 5; failure += 1) {
      assert.equal((await server.send(request(`GET ${path}`, [wrong]))).status, 401);
    }
    for (const [target, body] of doors) {
      const answer = await server.send(request(`GET ${target}`, [as('alice')]));
      assert.equal(answer.status, 429, target);
      assert.equal(answer.header('retry-after'), '1');
      assert.match(answer.body, body);
    }
    clock.now += 1001;
    assert.equal((await server.send(request(`GET ${path}`, [as('alice')]))).status, 200);
  });
});

test('those who wait for the moment of their refusal keep nobody else from being checked', async () => {
  const { services } = guarded();
  const verifications = createVerificationQueue({
    concurrency: 1,
    maxWaitMs: 60_000,
    expectedMs: 1,
  });
  let refuse = () => {};
  const moment = new Promise<void>((resolve) => {
    refuse = resolve;
  });
  const accounts: typeof services.accounts = {
    ...services.accounts,
    verify: async (name, given, postpone) => {
      const isRight = await services.accounts.verify(name, given);
      if (!isRight) postpone?.(moment);
      return isRight;
    },
  };
  await withServer({ ...services, accounts, verifications }, async (server) => {
    let refused = 0;
    const guesses = [1, 2, 3].map(async (number) => {
      const guess = `Authorization: ${basic('bob', `wrong ${number}`).authorization}`;
      const { status } = await server.send(request(`GET ${path}`, [guess]));
      assert.equal(status, 401);
      refused += 1;
    });
    assert.equal((await server.send(request(`GET ${path}`, [as('alice')]))).status, 200);
    assert.equal(refused, 0);
    refuse();
    await Promise.all(guesses);
  });
});

test('while too many passwords wait every door refuses with 503, Retry-After and its own envelope', async () => {
  // A queue that is full, which a test cannot have for certain otherwise.
  const full = { run: () => Promise.reject(tooManyLogins(2)), size: 0 };
  await withServer({ ...guarded().services, verifications: full }, async (server) => {
    for (const [target, body] of doors) {
      const answer = await server.send(request(`GET ${target}`, [as('alice')]));
      assert.deepEqual([answer.status, answer.header('retry-after')], [503, '2'], target);
      assert.match(answer.body, body);
    }
    const form = new URLSearchParams({ user: 'alice', pass: password }).toString();
    const type = 'application/x-www-form-urlencoded';
    const login = await server.send(post('/login/?login_only=1', type, form));
    assert.deepEqual([login.status, login.header('retry-after')], [503, '2']);
    assert.match(login.body, /^\{"status":0,"message":"Too many logins are being checked/);
    // It was no failure, however often it came.
    const token = `Authorization: cpanel alice:${tokenOf('alice')}`;
    for (let time = 0; time < 9; time += 1)
      await server.send(request(`GET ${path}`, [as('alice')]));
    assert.equal((await server.send(request(`GET ${path}`, [token]))).status, 200);
  });
});

test('a guesser does not lock the owner out who comes from another address', async () => {
  const services = { ...guarded().services, trustedProxies: ['127.0.0.1'] };
  await withServer(services, async (server) => {
    const from = (address: string, header: string) =>
      server.send(request(`GET ${path}`, [header, `X-Forwarded-For: ${address}`]));
    for (let guess = 0; guess < 30; guess += 1) await from('198.51.100.9', wrong);
    assert.equal((await from('198.51.100.9', as('alice'))).status, 429);
    assert.equal((await from('203.0.113.7', as('alice'))).status, 200);
  });
});

test('without --trust-proxy nobody chooses his own address', async () => {
  await withServer(guarded().services, async (server) => {
    for (let guess = 0; guess < 6; guess += 1) {
      await server.send(request(`GET ${path}`, [wrong, `X-Forwarded-For: 198.51.100.${guess}`]));
    }
    assert.equal((await server.send(request(`GET ${path}`, [as('alice')]))).status, 429);
  });
});

test('a password is hashed once a minute however often it is sent, and anew after a change', async () => {
  const { services, clock } = guarded();
  let generation = 'one';
  let verifications = 0;
  const accounts = {
    ...services.accounts,
    generation: () => generation,
    verify: async (...credentials: [string, string]) => {
      verifications += 1;
      return services.accounts.verify(...credentials);
    },
  };
  await withServer({ ...services, accounts }, async (server) => {
    const ask = () => server.send(request(`GET ${path}`, [as('alice')]));
    for (let time = 0; time < 10; time += 1) assert.equal((await ask()).status, 200);
    assert.equal(verifications, 1);
    generation = 'two';
    await ask();
    assert.equal(verifications, 2);
    clock.now += 60_001;
    await ask();
    assert.equal(verifications, 3);
  });
});

test('forty right requests at once are one attempt, not a flood', async () => {
  await withServer(guarded().services, async (server) => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => server.send(request(`GET ${path}`, [as('alice')]))),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  });
});

test('refusals and logins are written down, one line a block, and no secret is', async () => {
  const { services } = guarded();
  await withServer(services, async (server) => {
    for (let guess = 0; guess < 9; guess += 1) await server.send(request(`GET ${path}`, [wrong]));
    await server.send(request('GET /Ftp/list_sessions', []));
  });
  const events = services.auditLines.map((line) =>
    line.replace(/^uapid-audit: \S+ /, '').trimEnd(),
  );
  const refused = 'access-refused address=127.0.0.1 account="alice" door=execute scheme=basic';
  assert.deepEqual(events, [
    ...Array.from({ length: 5 }, () => `${refused} reason=credentials`),
    `${refused} reason=throttled`,
  ]);
  assert.ok(!services.auditLines.join('').includes('wrong'));
});
