import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCredentialCache } from '../../../src/auth/credential-cache.ts';

const bob = { name: 'bob', password: 'correct horse', generation: '$argon2id$first' };

const from = (client: string, credentials: typeof bob, connection = { destroyed: false }) => ({
  client,
  credentials,
  connection,
});

function cacheAt(options = { forMs: 60_000, maxEntries: 10 }) {
  const clock = { ms: 1000 };
  return { clock, cache: createCredentialCache(options, () => clock.ms) };
}

test('credentials count as verified only once that was said, and only these', () => {
  const { cache } = cacheAt();
  assert.equal(cache.wasVerified(bob), false);
  cache.add(bob);
  assert.equal(cache.wasVerified({ ...bob }), true);
  assert.equal(cache.wasVerified({ ...bob, password: 'correct horse ' }), false);
  assert.equal(cache.wasVerified({ ...bob, name: 'bo' }), false);
});

test('a change of the stored hash forgets an account at once', () => {
  const { cache } = cacheAt();
  cache.add(bob);
  assert.equal(cache.wasVerified({ ...bob, generation: '$argon2id$second' }), false);
});

test('after 60 s the password has to be verified again, however often it was used', () => {
  const { cache, clock } = cacheAt();
  cache.add(bob);
  for (let second = 0; second < 60; second++) {
    assert.equal(cache.wasVerified(bob), true);
    clock.ms += 1000;
  }
  assert.equal(cache.wasVerified(bob), false);
  assert.equal(cache.size, 0);
});

test('the oldest verification makes room when there are too many', () => {
  const { cache, clock } = cacheAt({ forMs: 60_000, maxEntries: 3 });
  const all = ['a', 'b', 'c', 'd'].map((name) => ({ ...bob, name }));
  for (const each of all.slice(0, 3)) cache.add(each);
  clock.ms += 1000;
  cache.add({ ...bob, name: 'a' });
  cache.add({ ...bob, name: 'd' });
  assert.deepEqual(
    all.map((each) => cache.wasVerified(each)),
    [true, false, true, true],
  );
  assert.equal(cache.size, 3);
});

test('no other split of the same characters is taken for what was verified', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.string({ unit: fc.constantFrom('"', '\\', ',', '\0', '\ud800', '\ud801'), maxLength: 3 }),
  );
  // One text cut at different places is the likeliest to be mixed up.
  const cut = fc.tuple(text, fc.nat(4), fc.nat(4)).map(([whole, first, second]) => ({
    generation: whole.slice(0, first),
    name: whole.slice(first, first + second),
    password: whole.slice(first + second),
  }));
  const joined = fc
    .tuple(fc.constantFrom(',', '","', '\0', ':', ''), fc.nat(1))
    .map(([separator, at]) => ({
      generation: at === 0 ? `a${separator}b` : 'a',
      name: at === 0 ? 'c' : `b${separator}c`,
      password: 'd',
    }));
  const free = fc.record({ name: text, password: text, generation: text });
  const credentials = fc.oneof(free, cut, joined);
  fc.assert(
    fc.property(credentials, credentials, (one, other) => {
      const { cache } = cacheAt();
      cache.add(one);
      const isSame =
        one.name === other.name &&
        one.password === other.password &&
        one.generation === other.generation;
      assert.equal(cache.wasVerified(other), isSame);
    }),
    { numRuns: 1000 },
  );
});

test('the same attempt of one client at the same time is made once, and anew afterwards', async () => {
  const { cache } = cacheAt();
  let attempts = 0;
  const finish: (() => void)[] = [];
  const attempt = () =>
    new Promise<number>((resolve) => {
      attempts++;
      finish.push(() => resolve(attempts));
    });
  const joined = Array.from({ length: 100 }, () => cache.join(from('192.0.2.7', bob), attempt));
  assert.equal(attempts, 1);
  const others = [
    cache.join(from('192.0.2.8', bob), attempt),
    cache.join(from('192.0.2.7', { ...bob, password: 'another' }), attempt),
    cache.join(from('192.0.2.7', { ...bob, generation: 'another' }), attempt),
  ];
  assert.equal(attempts, 4);
  for (const each of finish) each();
  await Promise.all([...joined, ...others]);
  const again = cache.join(from('192.0.2.7', bob), attempt);
  assert.equal(attempts, 5);
  finish.at(-1)?.();
  await again;
});

test('an attempt that breaks down fails for all who joined it, and can be made again', async () => {
  const { cache } = cacheAt();
  const broken = async () => {
    throw new Error('out of memory');
  };
  const both = [1, 2].map(() => cache.join(from('192.0.2.7', bob), broken));
  for (const each of both) await assert.rejects(each, /out of memory/);
  assert.equal(await cache.join(from('192.0.2.7', bob), async () => 'fine'), 'fine');
});

test('an attempt is wanted while one of those who joined it is there, and joined no more after that', async () => {
  const { cache } = cacheAt();
  const asked: (() => boolean)[] = [];
  const finish: (() => void)[] = [];
  const attempt = (isWanted: () => boolean) =>
    new Promise<number>((resolve) => {
      asked.push(isWanted);
      finish.push(() => resolve(asked.length));
    });
  const connections = Array.from({ length: 3 }, () => ({ destroyed: false }));
  const joined = connections.map((each) => cache.join(from('192.0.2.7', bob, each), attempt));
  for (const connection of connections) {
    assert.equal(asked[0]?.(), true);
    connection.destroyed = true;
  }
  assert.equal(asked[0]?.(), false);
  const later = cache.join(from('192.0.2.7', bob), attempt);
  assert.equal(asked.length, 2, 'it is a new one');
  finish[0]?.();
  await Promise.all(joined);
  const latest = cache.join(from('192.0.2.7', bob), attempt);
  assert.equal(asked.length, 2, 'the end of the first did not end the second');
  assert.equal(asked[1]?.(), true);
  finish[1]?.();
  await Promise.all([later, latest]);
});
