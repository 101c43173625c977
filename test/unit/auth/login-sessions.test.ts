import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loginLimits } from '../../../src/accounts/kept-login.ts';
import { createLoginSessions } from '../../../src/auth/login-sessions.ts';

const limits = { idleMs: 1000, absoluteMs: 5000, maxLogins: 3, maxPerAccount: 3 };

function withClock(maxLogins = limits.maxLogins, maxPerAccount = maxLogins) {
  const clock = { now: 0 };
  const logins = createLoginSessions({ ...limits, maxLogins, maxPerAccount }, () => clock.now);
  return { clock, logins };
}

test('a login is found by its cookie and its token together, by neither alone', async () => {
  const { logins } = withClock();
  const [alice, bob] = [await logins.open('alice', 'alice'), await logins.open('bob', 'bob')];
  assert.match(alice.securityToken, /^\/cpsess\d{10}$/);
  assert.equal(logins.find(alice), 'alice');
  assert.equal(logins.find({ ...alice, securityToken: bob.securityToken }), null);
  assert.equal(logins.find({ ...alice, securityToken: '' }), null);
  assert.equal(logins.find({ ...alice, cookie: bob.cookie }), null);
  assert.equal(logins.find({ ...alice, cookie: '' }), null);
  assert.equal(logins.find(alice), 'alice');
});

test('a login ends when it was not used for the idle time, and use prolongs it', async () => {
  const { clock, logins } = withClock();
  const keys = await logins.open('alice', 'alice');
  for (clock.now = 999; clock.now < 4000; clock.now += 999) {
    assert.equal(logins.find(keys), 'alice', String(clock.now));
  }
  // The last use was 999 ms before.
  clock.now += 1;
  assert.equal(logins.find(keys), null);
  clock.now -= 1;
  assert.equal(logins.find(keys), null, 'what has ended stays ended');
});

test('the wrong token with the right cookie prolongs nothing', async () => {
  const { clock, logins } = withClock();
  const keys = await logins.open('alice', 'alice');
  clock.now = 600;
  assert.equal(logins.find({ ...keys, securityToken: '/cpsess0000000000' }), null);
  clock.now = 1000;
  assert.equal(logins.find(keys), null);
});

test('a login ends after the absolute time, however much it is used', async () => {
  const { clock, logins } = withClock();
  const keys = await logins.open('alice', 'alice');
  for (clock.now = 0; clock.now < 5000; clock.now += 500) assert.equal(logins.find(keys), 'alice');
  assert.equal(logins.find(keys), null);
});

test('a login that is closed has ended; closing needs both halves', async () => {
  const { logins } = withClock();
  const keys = await logins.open('alice', 'alice');
  await logins.close({ ...keys, securityToken: '/cpsess0000000000' });
  assert.equal(logins.find(keys), 'alice');
  await logins.close(keys);
  assert.equal(logins.find(keys), null);
  await logins.close(keys);
});

test('of too many logins the one that was used longest ago makes room', async () => {
  const { logins } = withClock(3);
  const [first, second, third] = [
    await logins.open('a', 'a'),
    await logins.open('b', 'b'),
    await logins.open('c', 'c'),
  ];
  logins.find(first);
  const fourth = await logins.open('d', 'd');
  assert.deepEqual(
    [first, second, third, fourth].map((keys) => logins.find(keys)),
    ['a', null, 'c', 'd'],
  );
});

test('no two logins have a cookie or, but for chance, a token in common', async () => {
  const logins = createLoginSessions(loginLimits);
  const keys = await Promise.all(Array.from({ length: 200 }, () => logins.open('alice', 'alice')));
  assert.equal(new Set(keys.map(({ cookie }) => cookie)).size, 200);
  assert.ok(new Set(keys.map(({ securityToken }) => securityToken)).size > 195);
  for (const { cookie } of keys) assert.ok(Buffer.from(cookie, 'base64url').length >= 16);
});

test('a cookie that comes with twenty wrong tokens is worth nothing any more', async () => {
  const logins = createLoginSessions(loginLimits);
  const keys = await logins.open('alice', 'alice');
  const wrong = { ...keys, securityToken: '/cpsess-nobody' };
  for (let guess = 0; guess < 19; guess += 1) assert.equal(logins.find(wrong), null);
  assert.equal(logins.find(keys), 'alice');
  logins.find(wrong);
  assert.equal(logins.find(keys), null);
});

test('an account that logs in without end loses its own logins, the one used longest ago first', async () => {
  const { logins } = withClock(1000, 5);
  const [bob, alice] = [await logins.open('bob', 'bob'), await logins.open('alice', 'alice')];
  const all = await Promise.all(Array.from({ length: 5 }, () => logins.open('mallory', 'mallory')));
  for (let time = 0; time < 10_000; time += 1) {
    // The first is in use.
    assert.equal(logins.find(all[0] ?? bob), 'mallory');
    await logins.open('mallory', `mallory ${time}`);
  }
  assert.deepEqual([bob, alice].map(logins.find), ['bob', 'alice']);
  assert.deepEqual(all.map(logins.find), ['mallory', null, null, null, null]);
});

test('where all accounts together have too many, the one that has most makes room', async () => {
  const { logins } = withClock(10, 5);
  const honest = await Promise.all(['bob', 'alice'].map((name) => logins.open(name, name)));
  for (let time = 0; time < 100; time += 1) {
    for (const name of ['m', 'n', 'o']) await logins.open(name, name);
  }
  assert.deepEqual(honest.map(logins.find), ['bob', 'alice']);
});

test('a login that is idle for too long takes nobody’s place', async () => {
  const { clock, logins } = withClock(1000, 2);
  await logins.open('bob', 'bob');
  clock.now = 999;
  const second = await logins.open('bob', 'bob');
  clock.now = 1000;
  const third = await logins.open('bob', 'bob');
  const fourth = await logins.open('bob', 'bob');
  assert.deepEqual([second, third, fourth].map(logins.find), [null, 'bob', 'bob']);
});

test('an offer is accepted once, within a minute, with its own token', async () => {
  const { clock, logins } = withClock();
  const [kept, late, other] = ['a', 'b', 'c'].map((holder) => logins.offer('alice', holder));
  assert.ok(kept && late && other);
  assert.equal(await logins.accept({ ...other, securityToken: kept.securityToken }), null);
  assert.equal(await logins.accept(other), null, 'it has been tried');
  clock.now = 59_999;
  const opened = await logins.accept(kept);
  assert.ok(opened);
  assert.equal(opened.securityToken, kept.securityToken);
  assert.equal(logins.find(opened), 'a');
  assert.equal(await logins.accept(kept), null);
  clock.now = 60_000;
  assert.equal(await logins.accept(late), null);
});

test('of more than twenty offers an account loses its own first, and nobody else’s', async () => {
  const { logins } = withClock(100);
  const bobs = logins.offer('bob', 'bob');
  const offers = Array.from({ length: 21 }, () => logins.offer('alice', 'alice'));
  const accepted = await Promise.all(offers.map(logins.accept));
  const isAccepted = accepted.map((login) => login !== null);
  assert.deepEqual(isAccepted, [false, ...Array(20).fill(true)]);
  assert.notEqual(await logins.accept(bobs), null);
});
