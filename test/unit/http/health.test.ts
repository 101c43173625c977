import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReadiness } from '../../../src/http/health.ts';
import type { SessionSource } from '../../../src/sessions/session.ts';
import { buildApp } from '../../../src/worker/app.ts';
import { snapshot, testServices } from '../../support/app.ts';
import { startPatience } from '../../support/patience.ts';
import { until } from '../../support/until.ts';

/** A fake collector, because its faults have to be forced. */
function collector(answer: () => Promise<unknown>): SessionSource & { looks: number } {
  const source = {
    looks: 0,
    snapshot: async () => {
      source.looks += 1;
      await answer();
      return snapshot();
    },
  };
  return source;
}

const never = () => new Promise(() => {});

test('ready means that the collector answers', async () => {
  const isReady = createReadiness(collector(async () => {})).check();
  assert.equal(await isReady, null);
  const failing = collector(() => Promise.reject(new Error('forced: secret detail')));
  assert.equal(await createReadiness(failing).check(), 'the last scan failed');
});

test('a collector that does not answer in time is not ready, and who asks is told in time', async () => {
  const readiness = createReadiness(collector(never), { timeoutMs: 50 });
  const patience = startPatience(2_000);
  assert.equal(await readiness.check(), 'the collector has not answered for 0.05 s');
  assert.equal(patience.isOver(), false);
});

test('a thousand who ask within a second cost one scan, and the next second another one', async () => {
  const source = collector(async () => {});
  const readiness = createReadiness(source, { keptMs: 100 });
  await Promise.all(Array.from({ length: 1_000 }, () => readiness.check()));
  assert.equal(source.looks, 1);
  await until(
    async () => {
      await readiness.check();
      return source.looks === 2;
    },
    { what: 'it looks again' },
  );
});

test('a collector that recovers is ready again', async () => {
  let answer: () => Promise<unknown> = never;
  const readiness = createReadiness(
    collector(() => answer()),
    { keptMs: 0, timeoutMs: 50 },
  );
  assert.notEqual(await readiness.check(), null);
  answer = async () => {};
  assert.equal(await readiness.check(), null);
});

test('the API’s listeners tell health and readiness without credentials, and nothing but that', async () => {
  let isBroken = false;
  const sessions = collector(async () => {
    if (isBroken) throw new Error('forced');
  });
  const readiness = createReadiness(sessions, { keptMs: 0 });
  const services = testServices({ sessions, readiness });
  const app = await buildApp(services);
  const get = async (url: string) => {
    const { statusCode, body, headers } = await app.inject(url);
    assert.match(String(headers['content-type']), /^text\/plain/);
    return [statusCode, body];
  };
  assert.deepEqual(await get('/healthz'), [200, 'ok\n']);
  assert.equal(sessions.looks, 0);
  assert.deepEqual(await get('/readyz'), [200, 'ready\n']);
  isBroken = true;
  assert.deepEqual(await get('/readyz'), [503, 'not ready\n']);
  assert.deepEqual(await get('/healthz'), [200, 'ok\n']);
  assert.deepEqual(services.log, []);
  await app.close();
});
