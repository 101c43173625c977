import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import Fastify, { type FastifyInstance } from 'fastify';
import type { ListenAddress } from '../../../src/config/listen-address.ts';
import { type Listeners, listen } from '../../../src/http/listeners.ts';
import type { KeyPair, KeyPairNames } from '../../../src/tls/key-pair.ts';
import { openKeyPairFiles } from '../../../src/tls/key-pair-files.ts';
import { localPair, putPair, replaceFile } from '../../support/key-pairs.ts';
import { until } from '../../support/until.ts';

let old: KeyPair;
let renewed: KeyPair;
before(async () => {
  old = await localPair();
  renewed = await localPair();
});

let dir: string;
let files: KeyPairNames;
let app: FastifyInstance;
let open: Listeners[];
/** Ends the answer to /slow. */
let finish: (body: string) => void;
let slowRequests: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'uapid-listeners-'));
  files = putPair(dir, old);
  open = [];
  slowRequests = 0;
  app = Fastify();
  app.get('/', async () => 'here');
  app.get('/slow', async () => {
    slowRequests += 1;
    return new Promise<string>((resolve) => {
      finish = resolve;
    });
  });
});
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()));
  await app.close();
  rmSync(dir, { recursive: true });
});

const address = (protocol: string, host = '127.0.0.1', port = 0): ListenAddress => ({
  url: `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`,
  host,
  port,
});

/** Listens with the pair in the files; resolves to the ports. */
async function start(...addresses: ListenAddress[]): Promise<number[]> {
  const listeners = await listen(app, addresses, openKeyPairFiles(files));
  open.push(listeners);
  return listeners.urls.map((url) => Number(new URL(url).port));
}

const trusted = () => [old.cert, renewed.cert];

interface Answer {
  readonly body: string;
  /** The client's end of the connection that the answer came over. */
  readonly localPort: number | undefined;
  /** The certificate that the connection was opened with; undefined for plain HTTP. */
  readonly cert: string | undefined;
}

async function get(url: string, agent: http.Agent | false = false): Promise<Answer> {
  const isTls = url.startsWith('https:');
  const request = isTls
    ? https.get(url, { ca: trusted(), agent, timeout: 10_000 })
    : http.get(url, { agent, timeout: 10_000 });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const { socket } = response;
  const [localPort, cert] = [socket.localPort, isTls ? certOf(socket) : undefined];
  return { body: await text(response), localPort, cert };
}

function certOf(socket: Socket): string | undefined {
  assert.ok(socket instanceof tls.TLSSocket);
  return socket.getPeerX509Certificate()?.toString();
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/**
 * Has one connection open with an answer on it, and at the word opens three more. All that can be sent
 * before the server acts is sent then. Prints what the answers end with.
 */
const waitingClient = `
import json, socket, ssl, sys
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(3)
protocol, port, marker = sys.argv[1], int(sys.argv[2]), sys.argv[3]
context = ssl._create_unverified_context()
request = b"GET / HTTP/1.1\\r\\nHost: x\\r\\n%s\\r\\n"
last = request % b"Connection: close\\r\\n"
connect = lambda: socket.create_connection(("127.0.0.1", port), 60)
secure = lambda s: context.wrap_socket(s) if protocol == "https" else s
kept = secure(connect())
kept.sendall(request % b"")
answer = b""
while not answer.endswith(b"here"):
    answer += kept.recv(9999)
print("open", flush=True)
sys.stdin.readline()
waiting = [connect() for _ in range(3)]
for s in [kept] + (waiting if protocol == "http" else []):
    s.sendall(last)
open(marker, "w")
if protocol == "https":
    waiting = list(pool.map(secure, waiting))
    for s in waiting:
        s.sendall(last)
def read(s):
    answer = b""
    try:
        while part := s.recv(9999):
            answer += part
    except OSError as error:
        return str(error)
    return answer.decode()[-4:]
print(json.dumps([read(s) for s in [kept] + waiting], separators=(",", ":")), flush=True)
`;

test('one application answers on several addresses at once, over http and https', async () => {
  const [plain, ipv4, ipv6] = await start(
    address('http'),
    address('https'),
    address('https', '::1'),
  );
  for (const url of [
    `http://127.0.0.1:${plain}/`,
    `https://127.0.0.1:${ipv4}/`,
    `https://localhost:${ipv4}/`,
    `https://[::1]:${ipv6}/`,
  ]) {
    assert.equal((await get(url)).body, 'here', url);
  }
});

test('a renewed certificate is what new connections get, while an open one goes on', async (t) => {
  const [port] = await start(address('https'), address('https', '::1'));
  const url = `https://127.0.0.1:${port}/`;
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const first = await get(url, agent);
  assert.equal(first.cert, old.cert);
  putPair(dir, renewed);
  assert.equal((await get(url)).cert, renewed.cert);
  const second = await get(url, agent);
  assert.deepEqual([second.body, second.localPort], ['here', first.localPort]);
  assert.equal((await get(url)).cert, renewed.cert);
});

test('every https address gets the renewed certificate, not only the one that saw it first', async () => {
  const ports = await start(address('https'), address('https'));
  putPair(dir, renewed);
  for (const port of ports) {
    assert.equal((await get(`https://127.0.0.1:${port}/`)).cert, renewed.cert);
  }
});

test('a half-done renewal, a damaged and a missing file leave the server answering as before', async () => {
  const [port] = await start(address('https'));
  const url = `https://127.0.0.1:${port}/`;
  replaceFile(files.cert, renewed.cert);
  assert.equal((await get(url)).cert, old.cert);
  replaceFile(files.key, 'nonsense');
  assert.equal((await get(url)).cert, old.cert);
  rmSync(files.cert);
  assert.equal((await get(url)).cert, old.cert);
  putPair(dir, renewed);
  assert.equal((await get(url)).cert, renewed.cert);
});

test('a TLS session from before a renewal does not bring the old certificate back', async () => {
  const [port = 0] = await start(address('https'));
  const options = { port, host: '127.0.0.1', ca: trusted(), maxVersion: 'TLSv1.2' } as const;
  const visit = async (session?: Buffer) => {
    const client = tls.connect({ ...options, ...(session && { session }) });
    await once(client, 'secureConnect');
    const seen = { resumed: client.isSessionReused(), session: client.getSession() };
    client.destroy();
    return seen;
  };
  const { session } = await visit();
  // Without a renewal it is resumed: else the next answer would say nothing.
  assert.equal((await visit(session)).resumed, true);
  putPair(dir, renewed);
  assert.equal((await visit(session)).resumed, false);
});

test('TLS 1.2 and 1.3 are spoken and nothing older, before a renewal and after it', async (t) => {
  // So that only what the server asks for stands in the way of the old versions.
  const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls;
  t.after(() => Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS }));
  Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT:@SECLEVEL=0' });
  const [port = 0] = await start(address('https'));
  const speaks = async (version: tls.SecureVersion) => {
    const client = tls.connect({
      port,
      host: '127.0.0.1',
      ca: trusted(),
      minVersion: version,
      maxVersion: version,
    });
    try {
      await once(client, 'secureConnect');
      return client.getProtocol();
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    } finally {
      client.destroy();
    }
  };
  for (const pair of [old, renewed]) {
    putPair(dir, pair);
    assert.equal(await speaks('TLSv1.1'), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    assert.equal(await speaks('TLSv1.2'), 'TLSv1.2');
    assert.equal(await speaks('TLSv1.3'), 'TLSv1.3');
  }
});

test('HTTP/1.1 is what ALPN settles on', async () => {
  const [port = 0] = await start(address('https'));
  const ALPNProtocols = ['h2', 'http/1.1'];
  const client = tls.connect({ port, host: '127.0.0.1', ca: trusted(), ALPNProtocols });
  await once(client, 'secureConnect');
  assert.equal(client.alpnProtocol, 'http/1.1');
  client.destroy();
});

test('clients that break off, or speak no TLS at all, are let go and harm nobody', async () => {
  const [port = 0] = await start(address('https'));
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00\x01', '\0'.repeat(1000)]) {
    const rude = await connected(port);
    rude.write(bytes, () => rude.resetAndDestroy());
    await once(rude, 'close');
  }
  const distrusting = tls.connect({ port, host: '127.0.0.1' });
  const [error] = await once(distrusting, 'error');
  assert.equal(error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  assert.equal((await get(`https://127.0.0.1:${port}/`)).body, 'here');
});

test('who speaks plain HTTP to a port of TLS is told so in HTTP, and let go', async () => {
  const [port = 0] = await start(address('https'));
  for (const method of ['GET', 'HEAD', 'POST', 'PUT']) {
    const plain = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    plain.on('error', () => {});
    plain.write(`${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n123456789`);
    const answer = await text(plain);
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/, method);
    assert.match(answer, /This port speaks TLS: use https:\/\/ in place of http:\/\//);
    // It never ends its own half, so that what it sends is refused at last.
    const isGone = () => {
      if (!plain.closed) plain.write('x');
      return plain.closed;
    };
    await until(isGone, { what: 'it is let go', timeoutMs: 60_000 });
    plain.destroy();
  }
  assert.equal((await get(`https://127.0.0.1:${port}/`)).body, 'here');
});

for (const protocol of ['http', 'https']) {
  test(`a stop waits for an answer that is under way over ${protocol}`, async () => {
    const [port = 0] = await start(address(protocol));
    const answer = get(`${protocol}://127.0.0.1:${port}/slow`);
    await until(() => slowRequests === 1, { what: 'the request has come in' });
    const silent = await connected(port);
    let isClosed = false;
    const closed = open[0]?.close().then(() => {
      isClosed = true;
    });
    // Once this one is gone all have been looked at that could be ended.
    await once(silent, 'close', { signal: AbortSignal.timeout(60_000) });
    await assert.rejects(connected(port), /ECONNREFUSED/);
    assert.equal(isClosed, false);
    finish('at last');
    assert.equal((await answer).body, 'at last');
    await closed;
  });

  test(`a connection over ${protocol} that came right before a stop is still answered`, async () => {
    const [port = 0] = await start(address(protocol));
    const socket = await connected(port);
    // This process has accepted it once another one that came later has its answer.
    await get(`${protocol}://127.0.0.1:${port}/`);
    const closed = open[0]?.close();
    // Long enough to be ended if it were taken for one that says nothing.
    await sleep(200);
    const stream = protocol === 'http' ? socket : tls.connect({ socket, ca: trusted() });
    stream.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.match(await text(stream), /^HTTP\/1\.1 200 .*here$/s);
    await closed;
  });

  test(`what the kernel holds at a stop over ${protocol} is answered: connections, and a request on an open one`, async (t) => {
    const [port = 0] = await start(address(protocol));
    const marker = join(dir, 'sent');
    const client = spawn('python3', ['-c', waitingClient, protocol, String(port), marker], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.after(() => client.kill('SIGKILL'));
    const output = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
    assert.equal((await output.next()).value, 'open');
    client.stdin.write('\n');
    // Nothing is accepted or read meanwhile.
    const deadline = performance.now() + 60_000;
    while (!existsSync(marker)) {
      assert.ok(performance.now() < deadline, 'the client has sent nothing');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
    const closed = open[0]?.close();
    assert.equal((await output.next()).value, JSON.stringify(Array(4).fill('here')));
    await closed;
  });

  test(`a stop over ${protocol} does not wait for connections that say nothing`, async (t) => {
    const [port = 0] = await start(address(protocol));
    const agent = new (protocol === 'http' ? http : https).Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    await get(`${protocol}://127.0.0.1:${port}/`, agent);
    const silent = [await connected(port)];
    if (protocol === 'https') {
      const [halfShaken, shaken] = [
        await connected(port),
        tls.connect({ port, host: '127.0.0.1', ca: trusted() }),
      ];
      halfShaken.write('\x16\x03\x01\x02\x00\x01');
      shaken.on('error', () => undefined);
      silent.push(halfShaken, shaken);
      await once(shaken, 'secureConnect');
    }
    t.after(() => {
      for (const socket of silent) socket.destroy();
    });
    let isClosed = false;
    void open[0]?.close().then(() => {
      isClosed = true;
    });
    await until(() => isClosed, { what: 'the server is closed' });
  });
}

test('an address in use is an error that says so, and the others are closed again', async (t) => {
  const occupier = createServer().listen(0, '127.0.0.1');
  t.after(() => occupier.close());
  await once(occupier, 'listening');
  const { port } = occupier.address() as { port: number };
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port: other } = free.address() as { port: number };
  free.close();
  await once(free, 'close');
  await assert.rejects(
    start(address('https', '127.0.0.1', other), address('https', '127.0.0.1', port)),
    { code: 'EADDRINUSE' },
  );
  await assert.rejects(connected(other), /ECONNREFUSED/);
});

test('without a certificate no https address is opened', async () => {
  await assert.rejects(listen(app, [address('https')]), /https:.* needs a certificate/);
});
