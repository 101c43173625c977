import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { descriptorLimit } from '../../../src/os/descriptor-limit.ts';
import type { Cleanup } from '../../support/cleanup.ts';
import { runUapid } from '../../support/cli-run.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { parseAnswers, type RawAnswer } from '../../support/http.ts';
import { startPatience } from '../../support/patience.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { shared } from '../../support/shared.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { ask } from '../channel/ask.ts';
import {
  makeState,
  type ServedUapid,
  type ServeOptions,
  serve,
  statusOf,
} from '../channel/served.ts';

const skip = needsSandbox();
const path = '/execute/Ftp/list_sessions';
const portOf = ({ url }: ServedUapid) => Number(new URL(url).port);
const credentials = ({ user, password }: ServedUapid) =>
  `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

async function start(t: Cleanup, options: ServeOptions = {}): Promise<ServedUapid> {
  const { stateDir, password } = makeState(t);
  return { ...(await serve(t, { stateDir, ...options })), password };
}

/** For tests whose requests end their connections and leave nothing. */
const server = shared(start);

/** Connections that are left alone; whatever the server does to one is fine. */
async function hold(t: TestContext, uapid: ServedUapid, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let begun = 0; begun < count; begun += 200) {
    const batch = Array.from({ length: Math.min(200, count - begun) }, () =>
      connect(portOf(uapid), '127.0.0.1')
        .on('error', () => {})
        .resume(),
    );
    sockets.push(...batch);
    await Promise.all(
      batch.map((socket) => Promise.race([once(socket, 'connect'), closed(socket)])),
    );
  }
  return sockets;
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

/**
 * Asks as an honest caller does, one question after the other on connections of their own. Each has
 * its answer, most of them within a second in which no process has to wait for a processor: a machine
 * that does other things too may be late once.
 */
async function assertServed(uapid: ServedUapid, what: string): Promise<void> {
  const tookMs: number[] = [];
  let late = 0;
  for (let question = 0; question < 20; question += 1) {
    const [begun, patience] = [performance.now(), startPatience(1_000)];
    assert.equal((await ask(uapid)).status, 200, what);
    if (patience.isOver()) late += 1;
    tookMs.push(performance.now() - begun);
    await sleep(5);
  }
  assert.ok(late <= 3, `${what}: ${tookMs.map(Math.round)} ms`);
}

async function residentMiB(uapid: ServedUapid): Promise<number> {
  const pids = [uapid.pid, await uapid.httpPid()];
  const kib = pids.map((pid) => Number(statusOf(pid, 'VmRSS')[0]));
  return kib.reduce((sum, each) => sum + each) / 1024;
}

/** Sends all of it and resolves to the answers; the server ends the connection. */
async function exchange(uapid: ServedUapid, bytes: string | Buffer): Promise<RawAnswer[]> {
  const socket = connect(portOf(uapid), '127.0.0.1').on('error', () => {});
  socket.setTimeout(60_000, () => socket.destroy());
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(bytes);
  await closed(socket);
  return parseAnswers(Buffer.concat(chunks), []);
}

test('10,000 idle connections keep no honest caller waiting, and take a bounded memory', {
  skip,
}, async (t) => {
  const uapid = await start(t);
  await assertServed(uapid, 'before');
  const before = await residentMiB(uapid);
  const count = Math.min(10_000, descriptorLimit() - 500);
  const sockets = await hold(t, uapid, count);
  await assertServed(uapid, 'with idle connections');
  const more = (await residentMiB(uapid)) - before;
  const left = sockets.filter(({ closed }) => !closed).length;
  t.diagnostic(`${more.toFixed(0)} MiB more for ${left} connections of ${count}`);
  assert.ok(left <= 8192 + 8, `${left} are open`);
  assert.ok(more < 300, `${more} MiB`);
});

test('slow headers, slow bodies and answers that nobody takes keep no honest caller waiting', {
  skip,
}, async (t) => {
  const uapid = await start(t);
  await assertServed(uapid, 'before');
  const before = await residentMiB(uapid);
  const slowHeaders = await hold(t, uapid, 500);
  const slowBodies = await hold(t, uapid, 200);
  const slowLogins = await hold(t, uapid, 200);
  const readers = await hold(t, uapid, 200);
  const body = Buffer.alloc(15_000, 'a');
  for (const socket of slowHeaders) socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-Slow: `);
  for (const socket of slowBodies) {
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${credentials(uapid)}\r\n`);
    socket.write('Content-Length: 1000000\r\n\r\n');
    socket.write(body);
  }
  for (const socket of slowLogins) {
    socket.write('POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 16000\r\n\r\n');
    socket.write(body);
  }
  // More than a megabyte each, asked for fifty times over and never read.
  for (const socket of readers) {
    socket.pause();
    socket.write('GET /docs/static/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50));
  }
  const drip = setInterval(() => {
    for (const socket of [...slowHeaders, ...slowBodies]) if (socket.writable) socket.write('a');
  }, 100);
  t.after(() => clearInterval(drip));
  await assertServed(uapid, 'with slow ones');
  await sleep(500);
  await assertServed(uapid, 'with slow ones, later');
  const more = (await residentMiB(uapid)) - before;
  t.diagnostic(`${more.toFixed(0)} MiB more`);
  assert.ok(more < 300, `${more} MiB`);
});

test('large bodies that never end take a bounded memory, and keep no small one out', {
  skip,
}, async (t) => {
  const uapid = await start(t);
  await assertServed(uapid, 'before');
  const before = await residentMiB(uapid);
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\n${credentials(uapid)}\r\n`;
  const body = Buffer.alloc(1_000_000, 'a');
  for (let sent = 0; sent < 300; sent += 10) {
    const sockets = await hold(t, uapid, 10);
    const end = (socket: Socket) => {
      socket.write(`${head}Content-Length: 1048576\r\n\r\n`);
      return new Promise((resolve) => socket.write(body, resolve));
    };
    await Promise.all(sockets.map((socket) => Promise.race([end(socket), closed(socket)])));
  }
  // As many chunks as bytes.
  const [chunked] = await hold(t, uapid, 1);
  chunked?.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
  chunked?.write('1\r\na\r\n'.repeat(1_000_000));
  await assertServed(uapid, 'with large bodies');
  const small = await exchange(uapid, `${head}Content-Length: 3\r\nConnection: close\r\n\r\na=b`);
  assert.deepEqual(
    small.map(({ status }) => status),
    [200],
  );
  const more = (await residentMiB(uapid)) - before;
  t.diagnostic(`${more.toFixed(0)} MiB more`);
  assert.ok(more < 300, `${more} MiB`);
});

test('where descriptors are short, sessions are listed and callers make room for each other', {
  skip,
}, async (t) => {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  const through = ['sh', '-c', 'ulimit -n 128 && exec "$@"', 'sh'];
  const uapid = await start(t, { through });
  for (const { name, password } of [users.alice, users.bob]) {
    const client = await connectFtp(ftpd);
    t.after(() => client.destroy());
    await client.login(name, password);
  }
  for (const count of [0, 300, 300]) {
    const sockets = await hold(t, uapid, count);
    for (const socket of sockets.slice(0, 100)) if (socket.writable) socket.write('GET / HT');
    await assertServed(uapid, `with ${count} connections more`);
    const { data, warnings } = await ask(uapid);
    assert.deepEqual(data.map(({ user }) => user).sort(), [users.alice.name, users.bob.name]);
    assert.deepEqual(warnings, []);
  }
  assert.deepEqual(
    uapid.log().filter(({ level }) => Number(level) > 30),
    [],
  );
});

test('100 requests on one connection at once are answered in their order', { skip }, async () => {
  const uapid = await server();
  const requests = Array.from({ length: 100 }, (_, number) => {
    const last = number === 99 ? 'Connection: close\r\n' : '';
    return `GET /execute/M${number}/f HTTP/1.1\r\nHost: x\r\n${credentials(uapid)}\r\n${last}\r\n`;
  });
  const answers = await exchange(uapid, requests.join(''));
  assert.equal(answers.length, 100);
  for (const [number, { status, body }] of answers.entries()) {
    assert.equal(status, 200);
    assert.match(body, new RegExp(`module “M${number}”`));
  }
});

/** A second request hidden in the first one's body, by what another server might take for its end. */
const hidden = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n';

const smuggling: [what: string, headers: string[], body: string, statuses: number[]][] = [
  [
    'a length and chunks',
    ['Content-Length: 5', 'Transfer-Encoding: chunked'],
    `0\r\n\r\n${hidden}`,
    [400],
  ],
  [
    'chunks and a length',
    ['Transfer-Encoding: chunked', 'Content-Length: 5'],
    `0\r\n\r\n${hidden}`,
    [400],
  ],
  ['two lengths', ['Content-Length: 0', `Content-Length: ${hidden.length}`], hidden, [400]],
  ['two lengths that are the same', ['Content-Length: 3', 'Content-Length: 3'], 'a=b', [400]],
  ['a list of lengths', ['Content-Length: 3, 3'], 'a=b', [400]],
  ['a length with a sign', ['Content-Length: +3'], 'a=b', [400]],
  ['a length in hexadecimal', ['Content-Length: 0x3'], 'a=b', [400]],
  ['an unknown coding', ['Transfer-Encoding: xchunked'], `0\r\n\r\n${hidden}`, [400]],
  ['a coding after chunks', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${hidden}`, [400]],
  ['a blank before the colon', ['Transfer-Encoding : chunked'], `0\r\n\r\n${hidden}`, [400]],
  ['a folded line', ['X: a\r\n Content-Length: 3', 'Content-Length : 3'], 'a=b', [400]],
  ['a line that ends with CR alone', ['X: a\rContent-Length: 3'], 'a=b', [400]],
  [
    'a line that ends with LF alone',
    ['X: a\nTransfer-Encoding: chunked'],
    `0\r\n\r\n${hidden}`,
    [400],
  ],
  ['a NUL in a name', ['Content\0-Length: 3'], 'a=b', [400]],
  ['an endless chunk', ['Transfer-Encoding: chunked'], 'fffffffffffffffff\r\na', [400]],
  ['a chunk of no size', ['Transfer-Encoding: chunked'], 'x\r\n', [400]],
  ['a chunk that ends with LF alone', ['Transfer-Encoding: chunked'], '3\na=b\n0\n\n', [400]],
  [
    'chunk extensions',
    ['Transfer-Encoding: chunked', 'Connection: close'],
    '3;a="b"\r\na=b\r\n0\r\n\r\n',
    [200],
  ],
  ['a trailer', ['Transfer-Encoding: chunked', 'Connection: close'], '0\r\nX: y\r\n\r\n', [200]],
  [
    'a length in a trailer',
    ['Transfer-Encoding: chunked'],
    '0\r\nContent-Length: 9\r\n\r\n',
    [400],
  ],
];

test('a request whose end two servers could see in two places is refused, and ends its connection', {
  skip,
}, async () => {
  const uapid = await server();
  for (const [what, headers, body, statuses] of smuggling) {
    const head = [`POST ${path} HTTP/1.1`, 'Host: x', credentials(uapid), ...headers];
    const answers = await exchange(uapid, `${head.join('\r\n')}\r\n\r\n${body}`);
    assert.deepEqual(
      answers.map(({ status }) => status),
      statuses,
      `${what}: ${answers.map((answer) => answer.body)}`,
    );
    for (const answer of answers) assert.doesNotThrow(() => JSON.parse(answer.body), what);
  }
});

test('what is over a limit is refused in an envelope, and a compressed body is not unpacked', {
  skip,
}, async () => {
  const uapid = await server();
  const send = async (line: string, headers: string[], body: string | Buffer = '') => {
    const length = `Content-Length: ${Buffer.byteLength(body)}`;
    const head = [`${line} HTTP/1.1`, 'Host: x', credentials(uapid), length, ...headers];
    const bytes = Buffer.from(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n`);
    const [answer] = await exchange(uapid, Buffer.concat([bytes, Buffer.from(body)]));
    return { status: answer?.status, ...JSON.parse(answer?.body ?? '{}') };
  };
  const long = 'a'.repeat(17_000);
  assert.match(
    (await send(`GET ${path}`, [`X: ${long}`])).result.errors[0],
    /headers .* too large/,
  );
  assert.match((await send(`GET ${path}?${long}`, [])).result.errors[0], /too (large|long)/);
  const many = Array.from({ length: 3000 }, (_, i) => `X${i}: 1`);
  assert.match((await send(`GET ${path}`, many)).result.errors[0], /headers .* too large/);
  const tooLarge = await send(`POST ${path}`, [], Buffer.alloc(1024 * 1024 + 1, 'a'));
  assert.match(tooLarge.errors[0], /body .* too large/);
  const login = await send('POST /login', [], Buffer.alloc(16 * 1024 + 1, 'a'));
  assert.match(login.message, /body .* too large/);
  // A thousand times as large as it comes in.
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 'a'));
  const before = await residentMiB(uapid);
  for (const coding of ['gzip', 'x-gzip', 'deflate', 'br', 'identity, gzip']) {
    const answer = await send(`POST ${path}`, [`Content-Encoding: ${coding}`], bomb);
    assert.deepEqual([answer.status, answer.errors], [0, [compressed]], coding);
  }
  assert.ok((await residentMiB(uapid)) - before < 100);
  const plain = await send(`POST ${path}`, ['Content-Encoding: identity'], 'a=b');
  assert.equal(plain.errors, null);
});

const compressed = 'The body of the request is compressed, which is not supported.';

test('a clock that jumps by years keeps nobody out and changes no row', { skip }, async (t) => {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  const folder = mkdtempSync(join(tmpdir(), 'uapid-clock-'));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const offset = join(folder, 'offset');
  const jumpTo = (seconds: number) => writeFileSync(offset, String(seconds), { mode: 0o644 });
  jumpTo(0);
  const clock = new URL('jumping-clock.js', import.meta.url);
  clock.searchParams.set('offset', offset);
  const command = `node="$1"; shift; exec "$node" --import '${clock.href}' "$@"`;
  const uapid = await start(t, { through: ['sh', '-c', command, 'sh'] });
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(users.alice.name, users.alice.password);
  const month = ['token', 'add', 'admin', '--expires', '30d', '--state-dir', uapid.stateDir];
  const { stdout } = await runUapid(month);
  const byToken = () => ask(uapid, undefined, `whm admin:${stdout.trim()}`);
  const before = await until(
    async () => {
      const { data } = await ask(uapid);
      return data.length === 1 ? data : null;
    },
    { what: 'the session is listed' },
  );
  const year = 365 * 86_400;
  for (const [jump, tokenStatus] of [
    [year, 401],
    [-year, 200],
    [40 * year, 401],
    [0, 200],
  ]) {
    jumpTo(jump ?? 0);
    const wrong = { ...uapid, password: randomBytes(8).toString('hex') };
    assert.equal((await ask(wrong)).status, 401);
    const { data, warnings } = await ask(uapid);
    assert.deepEqual([data, warnings], [before, []], `${jump}`);
    assert.equal((await byToken()).status, tokenStatus, `${jump}`);
    await assertServed(uapid, `after a jump to ${jump} s`);
  }
});
