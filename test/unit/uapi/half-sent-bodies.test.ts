import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, IncomingMessage } from 'node:http';
import { type AddressInfo, connect, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { FastifyRequest } from 'fastify';
import { type BodyBudget, createBodyBudget } from '../../../src/http/bodies/body-budget.ts';
import { receiveBody } from '../../../src/http/bodies/receive-body.ts';
import { buildApp } from '../../../src/worker/app.ts';
import { testServices } from '../../support/app.ts';
import {
  as,
  parseAnswers,
  post,
  type RawAnswer,
  startServer,
  type TestServer,
} from '../../support/http.ts';
import { until } from '../../support/until.ts';

const path = '/execute/Ftp/list_sessions';
const form = 'application/x-www-form-urlencoded';
const mebibyte = 1024 * 1024;

const sockets: Socket[] = [];

async function start(t: TestContext): Promise<TestServer> {
  const server = await startServer(testServices());
  t.after(async () => {
    // A stop waits for them.
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.close();
  });
  return server;
}

interface Half {
  readonly socket: Socket;
  /** What has come back so far. */
  received(): Buffer;
}

/** Sends the head of a POST and the beginning of its body, and leaves it at that. */
async function sendHalf(
  { port }: Pick<TestServer, 'port'>,
  headers: readonly string[],
  beginning: string,
  target = path,
): Promise<Half> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  sockets.push(socket);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'connect');
  const lines = [`POST ${target} HTTP/1.1`, 'Host: x', ...headers];
  await new Promise((resolve) =>
    socket.write(`${lines.join('\r\n')}\r\n\r\n${beginning}`, resolve),
  );
  return { socket, received: () => Buffer.concat(chunks) };
}

const length = (bytes: number) => `Content-Length: ${bytes}`;
const almost = `a=${'x'.repeat(1_000_000)}`;
const rest = 'x'.repeat(mebibyte - almost.length);

/** So many bodies of an account, each but for its end. */
async function sendMany(server: TestServer, name: string, count: number) {
  const halves: Half[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    halves.push(await sendHalf(server, [as(name), length(mebibyte)], almost));
  }
  return halves;
}

const answersOf = ({ received }: Half): RawAnswer[] => parseAnswers(received(), []);
const answered = (halves: readonly Half[]) =>
  halves.filter(({ received }) => received().length > 0);

test('bodies that are half sent take 64 MiB at most, and keep nobody else’s out', async (t) => {
  const server = await start(t);
  const halves = await sendMany(server, 'alice', 100);
  await until(() => answered(halves).length === 36, { what: 'what is too much is refused' });
  for (const half of answered(halves)) {
    const [answer, ...more] = answersOf(half);
    assert.deepEqual([answer?.status, more], [503, []]);
    assert.equal(answer?.header('retry-after'), '1');
    assert.deepEqual(JSON.parse(answer?.body ?? ''), {
      data: null,
      errors: ['Too much is on its way to the server at the moment. Try again in 1 s.'],
      messages: null,
      metadata: { error_codes: ['too-busy'] },
      status: 0,
      warnings: null,
    });
    await until(() => half.socket.closed, { what: 'its connection is ended' });
  }
  for (const name of ['bob', 'alice']) {
    const answer = await server.send(post(path, form, 'api.paginate=1', [as(name)]));
    assert.deepEqual([answer.status, JSON.parse(answer.body).errors], [200, null], name);
  }
  const login = new URLSearchParams({ user: 'nobody', pass: 'x' }).toString();
  assert.equal((await server.send(post('/login/', form, login))).status, 401);
  const [left] = halves.filter((half) => !answered(halves).includes(half));
  assert.ok(left);
  left.socket.write(rest);
  await until(() => left.received().length > 0, { what: 'one that goes on has its answer' });
  assert.equal(answersOf(left)[0]?.status, 200);
});

test('an account that takes all the room makes room for another’s, until both have as much', async (t) => {
  const server = await start(t);
  const first = await sendMany(server, 'alice', 64);
  const second = await sendMany(server, 'bob', 32);
  await until(() => answered(first).length === 32, { what: 'half of the first are refused' });
  assert.equal(answered(second).length, 0);
  const third = await sendMany(server, 'bob', 8);
  await until(() => answered([...second, ...third]).length === 8, {
    what: 'what is more than that is refused',
  });
  assert.equal(answered(first).length, 32);
});

test('of a body whose connection is gone nothing is kept', async (t) => {
  const real = createBodyBudget();
  let inside = 0;
  const budget: BodyBudget = {
    reserve: (...who) => {
      const reservation = real.reserve(...who);
      inside += 1;
      const release = () => {
        inside -= 1;
        reservation.release();
      };
      return { ...reservation, release };
    },
  };
  const outcomes: string[] = [];
  const server = createServer((received) => {
    const { headers, socket } = received;
    receiveBody({ account: null, signedBy: null, headers, socket }, received, budget).then(
      (body) => outcomes.push(body.toString()),
      (error) => outcomes.push(String(error.statusCode)),
    );
  });
  t.after(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const halves: Half[] = [];
  for (let sent = 0; sent < 10; sent += 1)
    halves.push(await sendHalf({ port }, [length(4)], 'a=1'));
  await until(() => inside === 10, { what: 'all are half there' });
  for (const [index, { socket }] of halves.entries()) {
    if (index === 0) socket.write('2');
    else if (index % 2 === 0) socket.destroy();
    else socket.resetAndDestroy();
  }
  await until(() => outcomes.length === 10, { what: 'all are over' });
  assert.equal(inside, 0);
  assert.deepEqual(outcomes.sort(), [...Array(9).fill('400'), 'a=12']);
});

test('a body whose connection has gone while the password was verified is not waited for', async () => {
  // A fake request: the server tells nobody what it does for one who is gone.
  const request = { account: null, signedBy: null, headers: {}, socket: new Socket() };
  const payload = new IncomingMessage(request.socket);
  payload.destroy();
  await once(payload, 'close');
  const budget = { reserve: () => assert.fail('it takes no room') };
  await assert.rejects(receiveBody(request, payload, budget), { statusCode: 400 });
});

test('nobody who has not logged in makes the server keep more than 16 KiB', async (t) => {
  const server = await start(t);
  const body = 'x'.repeat(16 * 1024);
  for (const [target, status] of [
    ['/login', 401],
    ['/logout', 200],
    ['/cpsess0123456789/logout', 200],
    ['/nothing/here/at/all', 404],
  ] as const) {
    assert.equal((await server.send(post(target, form, body))).status, status, target);
    const half = await sendHalf(server, [length(mebibyte)], '', target);
    await until(() => half.socket.closed, { what: 'it is refused by its length' });
    assert.equal(answersOf(half)[0]?.status, 413, target);
    const chunk = `${(body.length + 1).toString(16)}\r\n${body}x\r\n`;
    const chunked = await sendHalf(server, ['Transfer-Encoding: chunked'], chunk, target);
    await until(() => chunked.socket.closed, { what: 'it is refused by what came' });
    assert.equal(answersOf(chunked)[0]?.status, 413, target);
  }
});

test('once an answer is on its way nothing of the request’s body is kept', async () => {
  const app = await buildApp(testServices());
  const bodies: unknown[] = [];
  for (const hook of ['preHandler', 'onResponse'] as const) {
    app.addHook(hook, async ({ body }: FastifyRequest) => {
      bodies.push(body);
    });
  }
  await app.inject({ method: 'POST', url: '/nothing/here/at/all', payload: 'a=1' });
  assert.deepEqual(bodies, [Buffer.from('a=1'), undefined]);
  await app.close();
});
