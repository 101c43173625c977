import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { createReadiness } from '../../../src/http/health.ts';
import { createCounters } from '../../../src/metrics/counters.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import { createMetricsServer } from '../../../src/metrics/server.ts';
import { readProcessStats } from '../../../src/os/process-stats.ts';
import { createEndingCounts } from '../../../src/sessions/count-endings.ts';
import { functions } from '../../../src/uapi/functions.ts';
import { testServices } from '../../support/app.ts';
import { until } from '../../support/until.ts';

/** A listener of its own that is gone after the test, and connections to it that are, too. */
async function start(t: TestContext) {
  const { sessions } = testServices();
  const processStats = async () => ({
    monitor: readProcessStats(),
    scanner: readProcessStats(),
    endings: createEndingCounts(),
  });
  const metrics = createMetrics({ sessions, processStats, counters: createCounters(functions) });
  const readiness = createReadiness(sessions);
  const address = { url: 'http://127.0.0.1:0', host: '127.0.0.1', port: 0 };
  const server = createMetricsServer(address, {
    metrics,
    readiness,
    logger: pino({ enabled: false }),
    tokenHash: null,
  });
  const held: Socket[] = [];
  t.after(async () => {
    for (const socket of held) socket.destroy();
    await server.close();
  });
  const url = await server.open(null);
  const open = async (): Promise<Socket> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
    held.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  return { url, held, open };
}

test('whoever holds connections to the metrics open holds 64 at most, and keeps no scrape out', async (t) => {
  const { url, held, open } = await start(t);
  for (let count = 0; count < 80; count += 1) await open();
  const isOpen = ({ closed }: Socket) => !closed;
  await until(() => held.filter(isOpen).length <= 64, { what: 'the first ones have made room' });
  assert.equal((await fetch(`${url}/metrics`)).status, 200);
  await until(() => held.filter(isOpen).length <= 63, { what: 'one has made room for the scrape' });
  assert.deepEqual(held.map(isOpen), [...Array(17).fill(false), ...Array(63).fill(true)]);
});

test('no body is waited for or kept where metrics are', async (t) => {
  const { open } = await start(t);
  for (const type of ['application/json', 'text/plain', 'x/y']) {
    const socket = await open();
    const head = `POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}`;
    socket.write(`${head}\r\nContent-Length: 1000000\r\n\r\n`);
    const answer = await until(() => socket.read(), { what: `an answer, to ${type}, too` });
    assert.match(String(answer), /^HTTP\/1\.1 404 /);
  }
});
