import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onFreePort } from '../../support/free-port.ts';
import { isAlive } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { portsOf, tcpSocketsOf } from '../../support/tcp-sockets.ts';
import { until } from '../../support/until.ts';
import { ask } from '../channel/ask.ts';
import { launch, makeState, serve } from '../channel/served.ts';
import { exchange, good } from './exchange.ts';
import { startGrabber } from './port-grabber.ts';

const skip = needsSandbox();

const portOf = (url: string) => Number(new URL(url).port);

test('while no worker is there connections wait, and the next one answers them', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const uapid = await serve(t);
  const port = portOf(uapid.url);
  for (let round = 0; round < 3; round += 1) {
    const http = await uapid.httpPid();
    process.kill(http, 'SIGKILL');
    await until(() => !isAlive(http), { what: 'it is gone' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(port)));
    assert.deepEqual(new Set(answers), new Set([good]));
    assert.notEqual(await uapid.httpPid(), http);
  }
});

test('a local user’s program never gets the port, however often the worker dies', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const args = ['--metrics', 'http://127.0.0.1:0'];
  const uapid = await serve(t, { args });
  const metrics = /^Metrics: (\S+)\/metrics$/m.exec(uapid.stdout())?.[1] ?? '';
  const grabbers = [
    await startGrabber(t, portOf(uapid.url)),
    await startGrabber(t, portOf(metrics)),
  ];
  for (let round = 0; round < 3; round += 1) {
    const http = await uapid.httpPid();
    process.kill(http, 'SIGKILL');
    await until(() => !isAlive(http), { what: 'it is gone' });
    await Promise.all(grabbers.map(({ tryOn }) => tryOn()));
    assert.deepEqual(
      grabbers.map(({ grabbed }) => grabbed()),
      [null, null],
    );
    assert.equal(await exchange(portOf(uapid.url)), good);
  }
  // It would have, had nobody held the port.
  uapid.kill('SIGTERM');
  await uapid.ended();
  await until(() => grabbers.every(({ grabbed }) => grabbed() !== null), {
    what: 'it has it',
    timeoutMs: 60_000,
  });
});

test('whatever connects while it starts is answered: nobody else accepts', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const { uapid, outcomes } = await onFreePort(async (port) => {
    const outcomes: string[] = [];
    let isOver = false;
    const hammer = async () => {
      while (!isOver) {
        outcomes.push(await exchange(port));
        await sleep(5);
      }
    };
    const hammers = Array.from({ length: 4 }, hammer);
    try {
      return { uapid: await serve(t, { port }), outcomes };
    } finally {
      isOver = true;
      await Promise.all(hammers);
    }
  });
  assert.equal((await ask(uapid)).status, 200);
  assert.ok(outcomes.includes('ECONNREFUSED'), 'it began before the port was there');
  assert.deepEqual([...new Set(outcomes)].sort(), ['ECONNREFUSED', good]);
});

test('the monitor has the listening sockets and no connection, the worker the same ones', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const listen = 'http://[::1]:0,http://localhost:0';
  const args = ['--listen', listen, '--metrics', 'http://127.0.0.1:0'];
  const uapid = await serve(t, { args });
  const urls = /listens on (.*)$/m.exec(uapid.stdout())?.[1]?.split(', ') ?? [];
  assert.equal(urls.length, 3);
  const metrics = /^Metrics: (\S+)\/metrics$/m.exec(uapid.stdout())?.[1] ?? '';
  const ports = [...urls, metrics].map(portOf).sort();
  const inodes: string[][] = [];
  for (let round = 0; round < 2; round += 1) {
    const http = await uapid.httpPid();
    const open = connect(portOf(metrics), '127.0.0.1').on('error', () => {});
    t.after(() => open.destroy());
    const answers = urls.map(async (url) => (await fetch(`${url}/healthz`)).status);
    assert.deepEqual(await Promise.all(answers), [200, 200, 200]);
    for (const pid of [uapid.pid, http]) {
      assert.deepEqual(portsOf(pid), ports);
      const listening = tcpSocketsOf(pid).filter((each) => each.listening);
      inodes.push(listening.map(({ inode }) => inode));
    }
    assert.deepEqual(
      tcpSocketsOf(uapid.pid).filter((each) => !each.listening),
      [],
    );
    process.kill(http, 'SIGKILL');
    await until(() => !isAlive(http), { what: 'it is gone' });
    // An answer tells that there is another one.
    assert.equal(await exchange(portOf(metrics)), good);
  }
  // Of one process after the other, the same.
  assert.equal(new Set(inodes.map((each) => each.join())).size, 1);
});

for (const [what, url, sentence] of [
  [
    'that is in use',
    'http://127.0.0.1:PORT',
    /is in use already\. .* Choose another .*--listen\.$/m,
  ],
  [
    'of another machine',
    'http://192.0.2.1:2082',
    /^uapid: http:\S+ is no address of this machine\.$/m,
  ],
] as const) {
  test(`an address ${what} is told of, and no process is left`, {
    skip,
  }, async (t: TestContext) => {
    const taken = await serve(t);
    const { stateDir } = makeState(t);
    const listen = `http://127.0.0.1:0,${url.replace('PORT', new URL(taken.url).port)}`;
    const args = ['--listen', listen, '--allow-plain-http', '--state-dir', stateDir];
    const run = launch(t, args);
    assert.equal(await run.ended, 1);
    assert.match(run.stderr(), sentence);
    assert.equal(run.stdout(), '');
  });
}

test('a stop keeps the port until the request in flight is answered, and leaves it then', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const uapid = await serve(t);
  const port = portOf(uapid.url);
  const slow = connect(port, '127.0.0.1');
  await once(slow, 'connect');
  const body = 'api.columns=1';
  const login = Buffer.from(`admin:${uapid.password}`).toString('base64');
  slow.write(
    'POST /execute/Ftp/list_sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' +
      `Authorization: Basic ${login}\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body.slice(0, 3)}`,
  );
  // A whole one behind it shows that the server has the first.
  assert.equal((await ask(uapid)).status, 200);
  const grabber = await startGrabber(t, port);
  uapid.kill('SIGTERM');
  await until(() => /"msg":"stopping"/.test(uapid.stderr()), { what: 'it is stopping' });
  await grabber.tryOn();
  assert.equal(grabber.grabbed(), null);
  slow.write(body.slice(3));
  assert.match(await text(slow), /^HTTP\/1\.1 200 /);
  assert.equal(await uapid.ended(), 0);
  await until(() => grabber.grabbed() !== null, {
    what: 'the port is free',
    timeoutMs: 60_000,
  });
});
