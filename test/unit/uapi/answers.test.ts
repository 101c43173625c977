import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { z } from 'zod';
import { listen } from '../../../src/http/listeners.ts';
import { defineFunction } from '../../../src/uapi/call/define-function.ts';
import { buildApp, type Services } from '../../../src/worker/app.ts';
import { basic, password, testServices } from '../../support/app.ts';

const envelope = z.strictObject({
  apiversion: z.literal(3),
  func: z.string(),
  module: z.string(),
  result: z.strictObject({
    data: z.array(z.unknown()).nullable(),
    errors: z.array(z.string()).nullable(),
    messages: z.array(z.string()).nullable(),
    metadata: z.looseObject({}),
    status: z.literal([0, 1]),
    warnings: z.array(z.string()).nullable(),
  }),
});

interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly result: z.infer<typeof envelope>['result'];
}

/** Sends bytes over a real connection and reads the answer, which must be one envelope. */
async function send(services: Services, bytes: string): Promise<RawAnswer> {
  const app = await buildApp(services);
  const url = 'http://127.0.0.1:0';
  const listeners = await listen(app, [{ url, host: '127.0.0.1', port: 0 }]);
  try {
    const socket = connect(Number(new URL(listeners.urls[0] ?? '').port), '127.0.0.1');
    socket.setTimeout(60_000, () => socket.destroy(new Error('no answer within 60 s')));
    socket.write(bytes);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    const text = Buffer.concat(chunks).toString();
    const [head = '', body = ''] = text.split('\r\n\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    return { status, head, result: envelope.parse(JSON.parse(body)).result };
  } finally {
    await listeners.close();
    await app.close();
  }
}

function get(path: string, ...headers: string[]): string {
  const lines = [`GET ${path} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

const asAdmin = `Authorization: ${basic('admin').authorization}`;
const path = '/Ftp/list_sessions';

const refusals: [what: string, bytes: string, status: number][] = [
  ['no credentials', get(path), 401],
  ['a wrong password', get(path, `Authorization: ${basic('admin', 'no').authorization}`), 401],
  ['an unknown user', get(path, `Authorization: ${basic('nobody').authorization}`), 401],
  ['an empty Authorization header', get(path, 'Authorization:'), 401],
  ['an Authorization header that is no base64', get(path, 'Authorization: Basic %%%'), 401],
  ['credentials without a colon', get(path, 'Authorization: Basic YWJj'), 401],
  ['another scheme', get(path, 'Authorization: Bearer abc'), 401],
  ['credentials with a NUL', get(path, 'Authorization: Basic YQBiOmM='), 401],
  ['a path without a function', get('/Ftp', asAdmin), 404],
  ['a longer path', get('/a/b/c', asAdmin), 404],
  ['a name of 500 characters', get(`/Ftp/${'x'.repeat(500)}`, asAdmin), 414],
  ['a malformed URL', get('/Ftp/%zz', asAdmin), 400],
  ['another method', get(path, asAdmin).replace('GET', 'DELETE'), 405],
  ['bytes that are no HTTP', 'hello\r\n\r\n', 400],
  ['an unknown method', get(path, asAdmin).replace('GET', 'FROB'), 400],
  ['headers of 20 kB', get(path, `X: ${'x'.repeat(20_000)}`), 431],
  ['two lengths', get(path, 'Content-Length: 1', 'Content-Length: 2'), 400],
];

for (const [what, bytes, status] of refusals) {
  test(`${what}: HTTP ${status} and an envelope with status 0 and an error`, async () => {
    const answer = await send(testServices(), bytes);
    assert.equal(answer.status, status);
    assert.equal(answer.result.status, 0);
    assert.equal(answer.result.data, null);
    assert.equal(answer.result.errors?.length, 1);
    const challenge = /^www-authenticate: Basic /im.test(answer.head);
    assert.equal(challenge, status === 401);
  });
}

test('a wrong password and an unknown user get the same answer', async () => {
  const withHeader = (name: string) =>
    send(testServices(), get(path, `Authorization: ${basic(name, 'wrong').authorization}`));
  const [known, unknown] = [await withHeader('admin'), await withHeader('nobody')];
  assert.deepEqual(known.result, unknown.result);
  assert.equal(withoutDate(known.head), withoutDate(unknown.head));
});

function withoutDate(head: string): string {
  return head.replace(/^Date:.*$/m, '');
}

test('an unknown function and an unknown module get the texts that clients match', async () => {
  const texts = await Promise.all(
    ['/Ftp/nope', '/Nope/list_sessions', '/ftp/list_sessions', '/Ftp/List_sessions'].map(
      async (url) => (await send(testServices(), get(url, asAdmin))).result.errors?.[0],
    ),
  );
  assert.deepEqual(texts, [
    'The system could not find the function “nope” in the module “Ftp”.',
    "Failed to load module “Nope”: Can't locate Cpanel/API/Nope.pm in @INC",
    "Failed to load module “ftp”: Can't locate Cpanel/API/ftp.pm in @INC",
    'The system could not find the function “List_sessions” in the module “Ftp”.',
  ]);
});

test('a disabled role: status 0, an error with role and function, and no scan', async () => {
  let looks = 0;
  const sessions = {
    snapshot: async () => {
      looks += 1;
      throw new Error('looked');
    },
  };
  const roles = { isEnabled: () => false };
  const answer = await send(testServices({ roles, sessions }), get(path, asAdmin));
  assert.equal(answer.status, 200);
  assert.deepEqual([answer.result.status, answer.result.data], [0, null]);
  assert.match(answer.result.errors?.[0] ?? '', /FTP role/);
  assert.match(answer.result.errors?.[0] ?? '', /list_sessions/);
  assert.equal(looks, 0);
});

function misbehaving(run: () => Promise<{ data: string[] }>) {
  const definition = defineFunction<string[]>({
    module: 'Ftp',
    name: 'list_sessions',
    summary: '',
    description: '',
    role: null,
    feature: null,
    parameters: {},
    data: z.array(z.string()),
    isList: true,
    run,
  });
  return testServices({ functions: [definition] });
}

const faults: [what: string, run: () => Promise<{ data: string[] }>][] = [
  ['an error', () => Promise.reject(new Error('secret detail'))],
  ['a thrown string', () => Promise.reject('secret detail')],
  ['a thrown undefined', () => Promise.reject(undefined)],
  ['data that breaks its schema', async () => ({ data: [1 as unknown as string] })],
];

for (const [what, run] of faults) {
  test(`${what} inside a function: “Internal error” with the request id that is in the log`, async () => {
    const services = misbehaving(run);
    const answer = await send(services, get(path, asAdmin));
    assert.equal(answer.status, 200);
    assert.deepEqual([answer.result.status, answer.result.data], [0, null]);
    const id = /^Internal error \(request ([\w-]+)\)\.$/.exec(answer.result.errors?.[0] ?? '')?.[1];
    assert.ok(id);
    const inside = services.log.filter((line) => line.includes('a call failed inside'));
    assert.equal(inside.length, 1);
    assert.ok(inside[0]?.includes(id));
  });
}

test('an account store that breaks is an internal error, not wrong credentials', async () => {
  const services = testServices();
  const accounts = { ...services.accounts, verify: () => Promise.reject(new Error('broken')) };
  const answer = await send({ ...services, accounts }, get(path, asAdmin));
  assert.equal(answer.status, 200);
  assert.match(answer.result.errors?.[0] ?? '', /^Internal error/);
  assert.ok(services.log.some((line) => line.includes('broken')));
});

test('one log line a request tells id, client, route, account, function, duration and rows, and no secret', async () => {
  const services = testServices();
  await send(services, get(`${path}?token=hush`, asAdmin));
  await send(services, get(path, `Authorization: ${basic('admin', 'hush').authorization}`));
  assert.equal(services.log.length, 2);
  const [first, second] = services.log.map((line) => JSON.parse(line));
  assert.equal(first.account, 'admin');
  assert.equal(first.function, 'Ftp::list_sessions');
  assert.deepEqual([first.method, first.address], ['GET', '127.0.0.1']);
  assert.match(first.path, /^\/[\w/:]+$/);
  assert.equal(first.rows, 0);
  assert.equal(typeof first.durationMs, 'number');
  assert.match(first.reqId, /^[\w-]{8,}$/);
  assert.equal(second.httpStatus, 401);
  const text = services.log.join('');
  const secrets = ['hush', password, basic('admin').authorization.slice('Basic '.length)];
  for (const secret of secrets) assert.ok(!text.includes(secret));
});

test('HEAD answers like GET without a body', async () => {
  const app = await buildApp(testServices());
  const answer = await app.inject({ method: 'HEAD', url: path, headers: basic('admin') });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.body, '');
  await app.close();
});

test('a request without a Host or with an unknown expectation is answered like any other', async () => {
  const withoutHost = `GET ${path} HTTP/1.1\r\nConnection: close\r\n${asAdmin}\r\n\r\n`;
  for (const bytes of [withoutHost, get(path, asAdmin, 'Expect: nonsense')]) {
    const answer = await send(testServices(), bytes);
    assert.deepEqual([answer.status, answer.result.status], [200, 1]);
  }
});
