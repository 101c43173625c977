import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { EndedEarly, onFreePort, startOnFreePort } from './free-port.ts';

/** Listens, and says so, or complains that it cannot. */
const script = `
  const server = require('node:net').createServer();
  server.on('error', (error) => { console.error(error.message); process.exitCode = 3; });
  server.listen(Number(process.argv[1]), '127.0.0.1', () => console.error('listening'));
`;

const listen = (port: number): ChildProcess =>
  spawn(process.execPath, ['-e', script, String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });

const serves = ({ said }: { said: string }) => said.includes('listening');

async function end(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

test('a program whose port another one took meanwhile gets another port', async (t) => {
  const ports: number[] = [];
  const launch = (port: number) => {
    ports.push(port);
    return listen(port);
  };
  const first = await startOnFreePort({ what: 'the first', launch, serves });
  t.after(() => end(first.child));
  const second = await startOnFreePort({
    what: 'the second',
    launch: (port) => launch(ports.length === 1 ? first.port : port),
    serves,
  });
  t.after(() => end(second.child));
  assert.equal(ports.length, 3);
  assert.equal(ports[1], first.port);
  assert.equal(second.port, ports[2]);
});

test('a program that never serves fails with its complaint, at once', async (t) => {
  const taken = await startOnFreePort({ what: 'the first', launch: listen, serves });
  t.after(() => end(taken.child));
  const stubborn = startOnFreePort({
    what: 'the stubborn one',
    launch: () => listen(taken.port),
    serves: () => false,
  });
  await assert.rejects(
    stubborn,
    /the stubborn one: it ended with 3\. listen EADDRINUSE: address already in use 127\.0\.0\.1/,
  );
  const missing = startOnFreePort({
    what: 'a missing one',
    launch: () => spawn('/nonexistent/program'),
    serves: () => false,
  });
  await assert.rejects(missing, /a missing one: spawn \/nonexistent\/program ENOENT/);
});

test('what fails for another reason is not tried again', async () => {
  let attempts = 0;
  const attempt = () => {
    attempts += 1;
    return Promise.reject(new Error('another reason'));
  };
  await assert.rejects(onFreePort(attempt), /another reason/);
  assert.equal(attempts, 1);
  const early = () => {
    attempts += 1;
    return Promise.reject(new EndedEarly('in use'));
  };
  await assert.rejects(onFreePort(early), /in use/);
  assert.equal(attempts, 6);
});
