import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { metricsCredentials, startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { httpPidOf, launch, makeState } from '../channel/served.ts';

const defaultPort = 9284;

/** Takes a port of loopback, 0 for any; another program that has it does as well. */
async function occupy(t: TestContext, port: number): Promise<number> {
  const server = createServer();
  t.after(() => server.close());
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || port === 0) throw error;
    return port;
  }
  return (server.address() as { port: number }).port;
}

test('where the usual address is taken the server starts without metrics, and says so', async (t) => {
  await occupy(t, defaultPort);
  const { stateDir } = makeState(t);
  const place = ['--listen', 'http://127.0.0.1:0', '--state-dir', stateDir];
  const run = launch(t, place, { metrics: 'usual' });
  await until(() => /^Try: curl/m.test(run.stdout()), {
    what: 'the start-up banner',
    timeoutMs: 60_000,
  });
  const said =
    /^Warning: no metrics are served\. http:\/\/127\.0\.0\.1:9284 is in use already\..* --metrics\.$/m;
  assert.match(run.stdout(), said);
  // The log is another stream, on which nothing comes in step with the start-up banner.
  await until(() => /"msg":"no metrics are served"/.test(run.stderr()), { what: 'it logs it' });
});

test('where an address that was asked for is taken the server does not start', async (t) => {
  const port = await occupy(t, 0);
  const { stateDir } = makeState(t);
  const place = ['--listen', 'http://127.0.0.1:0', '--state-dir', stateDir];
  const run = launch(t, [...place, '--metrics', `http://127.0.0.1:${port}`]);
  assert.equal(await run.ended, 1);
  assert.match(run.stderr(), new RegExp(`^uapid: http://127.0.0.1:${port} is in use .*--metrics`));
  assert.equal(run.stdout(), '');
});

test('with "none" nothing is served but the API, and nothing is said of metrics', async (t) => {
  const { stateDir } = makeState(t);
  const place = ['--listen', 'http://127.0.0.1:0', '--state-dir', stateDir];
  const run = launch(t, [...place, '--metrics', 'none']);
  await until(() => /^Try: curl/m.test(run.stdout()), {
    what: 'the start-up banner',
    timeoutMs: 60_000,
  });
  assert.doesNotMatch(run.stdout() + run.stderr(), /metrics/i);
});

test('two servers on one machine each serve their own', async () => {
  const args = ['--metrics', 'http://127.0.0.1:0', '--log-level', 'warn'];
  const both = await Promise.all([startUapid(args), startUapid(args)]);
  const urls = await Promise.all(both.map((uapid) => uapid.metricsUrl()));
  assert.notEqual(urls[0], urls[1]);
  for (const url of urls) assert.equal((await fetch(`${url}/healthz`)).status, 200);
  for (const uapid of both) assert.equal((await uapid.metrics()).status, 200);
  // An orderly end closes the metrics' listener too, whoever holds a connection to it.
  for (const uapid of both) assert.equal(await uapid.stop(), 0);
  for (const url of urls) await assert.rejects(fetch(`${url}/healthz`));
});

test('a worker that is started again serves metrics where it did', {
  timeout: 240_000,
}, async (t) => {
  const { stateDir } = makeState(t);
  const place = ['--listen', 'http://127.0.0.1:0', '--state-dir', stateDir];
  const run = launch(t, [...place, '--metrics', 'http://127.0.0.1:0']);
  const url = () => /^Metrics: (\S+)$/m.exec(run.stdout())?.[1];
  const metrics = await until(url, { what: 'the start-up banner', timeoutMs: 60_000 });
  process.kill(await httpPidOf(run.child.pid ?? 0), 'SIGKILL');
  await until(() => /the worker listens again/.test(run.stderr()), {
    what: 'it listens again',
    timeoutMs: 60_000,
  });
  assert.equal((await fetch(metrics)).status, 401);
  assert.equal((await fetch(metrics, { headers: metricsCredentials(stateDir) })).status, 200);
});
