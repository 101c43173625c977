import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countRefusals, createRefusalCounts } from '../../../src/auth/count-refusals.ts';
import { createThrottle } from '../../../src/auth/throttle.ts';
import { defaultLimits } from '../../../src/auth/throttle-limits.ts';
import { tooManyLogins } from '../../../src/auth/verification-queue.ts';
import { testServices } from '../../support/app.ts';
import { as, post, request, startAdministratorServer, withServer } from '../../support/http.ts';

/** Services with the limits of a real server, counted. */
function counted() {
  const counts = createRefusalCounts();
  const clock = { now: 0 };
  const throttle = createThrottle(defaultLimits, () => clock.now);
  const plain = testServices({ throttle });
  return { services: { ...plain, ...countRefusals(plain, counts) }, counts, plain };
}

const target = 'GET /execute/Ftp/list_sessions';

test('every refused credential counts, by reason, also where the audit log has one line for many', async () => {
  const { services, counts, plain } = counted();
  await withServer(services, async (server) => {
    for (let i = 0; i < 5; i += 1) await server.send(request(target, [as('alice', 'wrong')]));
    for (let i = 0; i < 3; i += 1) await server.send(request(target, [as('alice')]));
    const form = 'user=bob&pass=wrong';
    await server.send(post('/login/?login_only=1', 'application/x-www-form-urlencoded', form));
  });
  assert.deepEqual(counts, { credentials: 6, 'not-administrator': 0, throttled: 3, overloaded: 0 });
  const throttledLines = plain.auditLines.filter((line) => line.includes('reason=throttled'));
  assert.equal(throttledLines.length, 1);
});

test('what finds no place in the queue counts, and has no line in the audit log', async () => {
  const counts = createRefusalCounts();
  // A queue that is full, which a test cannot have for certain otherwise.
  const full = { run: () => Promise.reject(tooManyLogins(2)), size: 0 };
  const plain = testServices({ verifications: full });
  await withServer({ ...plain, ...countRefusals(plain, counts) }, async (server) => {
    for (let i = 0; i < 3; i += 1) await server.send(request(target, [as('alice')]));
  });
  assert.deepEqual(counts, { ...createRefusalCounts(), overloaded: 3 });
  assert.deepEqual(plain.auditLines, []);
});

test('a user at an administrator’s door counts as one', async () => {
  const { services, counts } = counted();
  const server = await startAdministratorServer(services);
  await server.send(request(target, [as('alice')]));
  await server.close();
  assert.deepEqual(counts, { credentials: 0, 'not-administrator': 1, throttled: 0, overloaded: 0 });
});

test('neither who is let in nor who shows no credentials counts, nor any other line of the audit log', async () => {
  const { services, counts } = counted();
  await withServer(services, async (server) => {
    assert.equal((await server.send(request(target, [as('alice')]))).status, 200);
    assert.equal((await server.send(request(target))).status, 401);
  });
  const { audit } = services;
  const who = { address: null, account: 'alice', by: 'alice' };
  audit.record({ event: 'call-refused', ...who, function: 'Ftp::x', reason: 'cross-site' });
  assert.deepEqual(counts, createRefusalCounts());
});
