import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { runUapid } from '../../support/cli-run.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { makeState, type ServedUapid, type ServeOptions, serve } from '../channel/served.ts';
import { connectFrom, question } from './raw-client.ts';

const skip = needsSandbox();

/** Few descriptors, so that few connections are a flood. */
const descriptors = 512;
const flood = 700;

async function start(t: TestContext, options: ServeOptions = {}): Promise<ServedUapid> {
  const { stateDir, password } = makeState(t);
  if (options.scheme === 'https') await runUapid(['tls', 'self-signed', '--state-dir', stateDir]);
  const through = ['sh', '-c', `ulimit -n ${descriptors} && exec "$@"`, 'sh'];
  return { ...(await serve(t, { stateDir, through, ...options })), password };
}

test('hundreds of half-sent logins of one address push out nobody else’s connection', {
  skip,
}, async (t) => {
  const uapid = await start(t);
  const honest = await connectFrom(t, uapid, '127.0.4.1');
  let asked = 0;
  const ask = async () => {
    asked += 1;
    honest.socket.write(question(uapid.user, uapid.password));
    const isAnswered = () => honest.statuses().length === asked || !honest.isOpen();
    await until(isAnswered, { what: 'an answer', timeoutMs: 60_000 });
    assert.equal(honest.statuses().length, asked, 'the connection is still there');
  };
  await ask();
  for (let sent = 0; sent < flood; sent += 50) {
    const batch = Array.from({ length: 50 }, () => connectFrom(t, uapid, '127.0.4.2'));
    for (const { socket } of await Promise.all(batch)) {
      socket.write('POST /login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\nuser=');
    }
    await ask();
  }
  assert.deepEqual([...new Set(honest.statuses())], [200]);
});

test('hundreds of TLS handshakes that nobody finishes push out nobody else’s connection', {
  skip,
}, async (t) => {
  const uapid = await start(t, { scheme: 'https' });
  const port = Number(new URL(uapid.url).port);
  const place = { host: '127.0.0.1', port, localAddress: '127.0.4.1', rejectUnauthorized: false };
  const honest = connectTls(place).on('error', () => {});
  t.after(() => honest.destroy());
  let text = '';
  honest.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const answers = () => text.split('HTTP/1.1 200').length - 1;
  for (let batch = 0; batch < flood / 50; batch += 1) {
    honest.write(question(uapid.user, uapid.password));
    const isAnswered = () => answers() > batch || honest.closed;
    await until(isAnswered, { what: 'an answer', timeoutMs: 60_000 });
    assert.equal(answers(), batch + 1, 'the connection is still there');
    await Promise.all(Array.from({ length: 50 }, () => connectFrom(t, uapid, '127.0.4.2')));
  }
});

test('a login that is half sent is answered with 408 and ended, half a call that was let in is waited for', {
  skip,
}, async (t) => {
  const uapid = await start(t);
  const letIn = await connectFrom(t, uapid, '127.0.4.1');
  const call = question(uapid.user, uapid.password).replace('GET', 'POST').trimEnd();
  letIn.socket.write(`${call}\r\nContent-Length: 7\r\n\r\na=b`);
  const port = Number(new URL(uapid.url).port);
  // One that never ends its own half and goes on sending.
  const stranger = connect({ host: '127.0.0.1', port, allowHalfOpen: true }).on('error', () => {});
  t.after(() => stranger.destroy());
  let text = '';
  stranger.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  stranger.write('POST /login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nuser=');
  const drip = setInterval(() => stranger.writable && stranger.write('a'), 50).unref();
  t.after(() => clearInterval(drip));
  await until(() => stranger.closed, { what: 'the stranger is gone', timeoutMs: 45_000 });
  assert.match(text, /^HTTP\/1\.1 408 [\s\S]*"The request took too long to arrive\."/);
  assert.deepEqual(letIn.statuses(), []);
  letIn.socket.write('&c=d');
  await until(() => letIn.statuses().length === 1, { what: 'an answer', timeoutMs: 60_000 });
  assert.deepEqual(letIn.statuses(), [200]);
});
