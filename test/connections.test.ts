import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import tls from 'node:tls';
import Fastify, { type FastifyInstance } from 'fastify';
import { type ConnectionLimits, type Listeners, listen } from '../src/listeners.ts';
import { until } from './support/until.ts';
import { localPair } from './tls/pairs.ts';

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
  app.get('/slow', () => new Promise<string>((resolve) => finish.push(() => resolve('at last'))));
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
async function open(protocol: string, port: number): Promise<Socket & { text: string }> {
  const place = { port, host: '127.0.0.1' };
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
const patient = { most: 3, stalledMs: 60_000 };

for (const protocol of ['http', 'https']) {
  test(`one ${protocol} connection above the most ends the one that is idle longest, not one in use`, async () => {
    const port = await start(protocol, patient);
    const slow = await open(protocol, port);
    get(slow, '/slow');
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

test('where all connections are in use the one whose request takes longest makes room', async () => {
  const port = await start('http', patient);
  const all = [];
  for (let number = 1; number <= 3; number += 1) {
    const socket = await open('http', port);
    get(socket, '/slow');
    await until(() => finish.length === number, { what: 'the request has come in' });
    all.push(socket);
  }
  const honest = await open('http', port);
  get(honest, '/');
  await until(() => honest.text.endsWith('here'), { what: 'the honest one has its answer' });
  assert.deepEqual(all.map(isOpen), [false, true, true]);
});

test('who takes nothing of its answer is ended when nothing has moved for some time', async () => {
  const port = await start('http', { most: 10, stalledMs: 300 });
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
