import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import tls from 'node:tls';
import Fastify, { type FastifyInstance } from 'fastify';
import { recordLetIn } from '../../../src/http/let-in.ts';
import { type ConnectionLimits, type Listeners, listen } from '../../../src/http/listeners.ts';
import { localPair } from '../../support/key-pairs.ts';
import { until } from '../../support/until.ts';

const pair = await localPair();

let app: FastifyInstance;
let listeners: Listeners;
let sockets: Socket[];
/** Ends an answer to /slow. */
let finish: (() => void)[];
/** Connections with an answer to /large that have been ended. */
let largeEnded: number;
beforeEach(() => {
  app = Fastify();
  sockets = [];
  finish = [];
  app.get('/', async () => 'here');
  const slowly = () => new Promise<string>((resolve) => finish.push(() => resolve('at last')));
  app.get('/slow', slowly);
  // In place of credentials.
  app.addHook('onRequest', async ({ url, socket }) => {
    if (url.startsWith('/let-in')) recordLetIn(socket);
  });
  app.get('/let-in', async () => 'here');
  app.get('/let-in/slow', slowly);
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async () => '');
  app.post('/let-in', async () => 'here');
  app.post('/', async () => 'here');
  largeEnded = 0;
  app.get('/large', async ({ socket }) => {
    socket.once('close', () => {
      largeEnded += 1;
    });
    return Buffer.alloc(20_000_000);
  });
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await listeners.close();
  await app.close();
});

async function start(protocol: string, limits: ConnectionLimits): Promise<number> {
  const address = { url: `${protocol}://127.0.0.1:0`, host: '127.0.0.1', port: 0 };
  listeners = await listen(app, [address], { current: () => pair }, limits);
  return Number(new URL(listeners.urls[0] ?? '').port);
}

/** A connection that the server has, with what has come over it. */
async function open(
  protocol: string,
  port: number,
  localAddress = '127.0.0.1',
): Promise<Socket & { text: string }> {
  const place = { port, host: '127.0.0.1', localAddress };
  const socket = protocol === 'https' ? tls.connect({ ...place, ca: pair.cert }) : connect(place);
  socket.on('error', () => {});
  sockets.push(socket);
  const seen = Object.assign(socket, { text: '' });
  await once(socket, protocol === 'https' ? 'secureConnect' : 'connect');
  return seen;
}

function get(socket: Socket & { text: string }, path: string): void {
  socket.on('data', (chunk) => {
    socket.text += chunk;
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
}

const isOpen = ({ closed }: Socket) => !closed;
const patient = { maxConnections: 3, stalledMs: 60_000, strangersMs: 60_000 };

for (const protocol of ['http', 'https']) {
  test(`one ${protocol} connection above the maximum ends the one that is idle longest, not one in use`, async () => {
    const port = await start(protocol, patient);
    const slow = await open(protocol, port);
    get(slow, '/let-in/slow');
    await until(() => finish.length === 1, { what: 'the slow request has come in' });
    const idle = await open(protocol, port);
    const used = await open(protocol, port);
    get(idle, '/');
    await until(() => idle.text.endsWith('here'), { what: 'the first has its answer' });
    get(used, '/');
    await until(() => used.text.endsWith('here'), { what: 'the second has its answer' });
    const fourth = await open(protocol, port);
    await until(() => !isOpen(idle), { what: 'the idle one is ended' });
    assert.deepEqual([slow, used, fourth].map(isOpen), [true, true, true]);
    const fifth = await open(protocol, port);
    await until(() => !isOpen(used), { what: 'the next idle one is ended' });
    finish[0]?.();
    await until(() => slow.text.endsWith('at last'), { what: 'the slow one has its answer' });
    assert.deepEqual([fourth, fifth].map(isOpen), [true, true]);
  });
}

for (const protocol of ['http', 'https']) {
  test(`a client that opens ${protocol} connections without end loses its own, and nobody else’s idle one`, async () => {
    const port = await start(protocol, { ...patient, maxConnections: 8 });
    const spare = await open(protocol, port, '127.0.0.2');
    const kept = await open(protocol, port, '127.0.0.3');
    get(kept, '/let-in');
    await until(() => kept.text.endsWith('here'), { what: 'the honest one has its answer' });
    const ours = [spare, kept];
    for (let number = 0; number < 30; number += 1) {
      // Over TLS handshakes that never end as well as connections that send half a request.
      const kind = number % 2 === 0 ? protocol : 'http';
      const one = await open(kind, port, '127.0.0.9');
      one.resume();
      if (number % 4 === 0) one.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na');
      if (number % 4 === 2) one.write('GET / HT');
    }
    const left = () => sockets.filter(isOpen).length;
    await until(() => left() <= 8, { what: 'the others are ended' });
    assert.deepEqual(ours.map(isOpen), [true, true]);
    get(spare, '/');
    await until(() => spare.text.endsWith('here'), { what: 'the spare one has its answer' });
  });
}

test('a crowd of addresses with one connection each pushes out nobody who was let in', async () => {
  const port = await start('http', { ...patient, maxConnections: 6 });
  const kept = await open('http', port, '127.0.0.3');
  get(kept, '/let-in');
  await until(() => kept.text.endsWith('here'), { what: 'the honest one has its answer' });
  const crowd: Socket[] = [];
  for (let number = 1; number <= 40; number += 1) {
    crowd.push((await open('http', port, `127.0.2.${number}`)).resume());
  }
  await until(() => crowd.filter(isOpen).length === 5, { what: 'the others are ended' });
  assert.ok(isOpen(kept));
});

test('a request without credentials does not count as one in use', async () => {
  const port = await start('http', patient);
  const stranger = await open('http', port);
  get(stranger, '/slow');
  const busy = await open('http', port);
  get(busy, '/let-in/slow');
  const idle = await open('http', port);
  get(idle, '/let-in');
  await until(() => idle.text.endsWith('here') && finish.length === 2, { what: 'all are there' });
  await open('http', port);
  await until(() => !isOpen(stranger), { what: 'the stranger is ended' });
  assert.deepEqual([busy, idle].map(isOpen), [true, true]);
});

test('a body that nobody has shown credentials for is waited for so long, then there is 408 and the end', async () => {
  const port = await start('http', { ...patient, maxConnections: 10, strangersMs: 1_500 });
  const half = 'HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 9\r\n\r\na=';
  const letIn = await open('http', port);
  get(letIn, '/let-in');
  await until(() => letIn.text.endsWith('here'), { what: 'it is let in' });
  letIn.write(`POST /let-in ${half}`);
  // One that ends its own half never, and goes on sending.
  const stranger = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
  sockets.push(stranger);
  let text = '';
  stranger.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  stranger.write(`POST / ${half.replace('9', '9999')}`);
  const drip = setInterval(() => stranger.writable && stranger.write('a'), 20).unref();
  await until(() => text !== '', { what: 'the stranger has an answer' });
  assert.match(text, /^HTTP\/1\.1 408 [\s\S]*took too long to arrive/);
  await until(() => stranger.closed, { what: 'the stranger’s connection is gone' });
  clearInterval(drip);
  letIn.write('2345678');
  const answers = () => letIn.text.split('here').length - 1;
  await until(() => answers() === 2, { what: 'who was let in has an answer' });
});

test('headers that come slowly are waited for so long', async () => {
  const port = await start('http', { ...patient, maxConnections: 10, strangersMs: 1_500 });
  const stranger = await open('http', port);
  stranger.on('data', (chunk) => {
    stranger.text += chunk;
  });
  stranger.write('GET / HTTP/1.1\r\nHost: x\r\nX: ');
  const drip = setInterval(() => stranger.writable && stranger.write('a'), 20).unref();
  await until(() => stranger.closed, { what: 'it is ended' });
  clearInterval(drip);
  assert.match(stranger.text, /^HTTP\/1\.1 408 /);
});

test('where all connections are in use the one whose request takes longest makes room', async () => {
  const port = await start('http', patient);
  const all = [];
  for (let number = 1; number <= 3; number += 1) {
    const socket = await open('http', port);
    get(socket, '/let-in/slow');
    await until(() => finish.length === number, { what: 'the request has come in' });
    all.push(socket);
  }
  const honest = await open('http', port);
  get(honest, '/');
  await until(() => honest.text.endsWith('here'), { what: 'the honest one has its answer' });
  assert.deepEqual(all.map(isOpen), [false, true, true]);
});

test('who takes nothing of its answer is ended when nothing has moved for some time', async () => {
  const port = await start('http', { ...patient, maxConnections: 10, stalledMs: 300 });
  const reader = await open('http', port);
  reader.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
  reader.pause();
  await until(() => largeEnded === 1, { what: 'the server has ended it' });
  let bytes = 0;
  reader.on('data', (chunk) => {
    bytes += chunk.length;
  });
  reader.resume();
  await until(() => reader.closed, { what: 'the reader has seen it' });
  assert.ok(bytes > 0 && bytes < 20_000_000, `${bytes}`);
});
