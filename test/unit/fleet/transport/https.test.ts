import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes, X509Certificate } from 'node:crypto';
import dns from 'node:dns';
import { once, setMaxListeners } from 'node:events';
import { createServer, request as httpsRequest, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import {
  createSigningKey,
  publicHalf,
  readPublicHalf,
  readSigningKey,
} from '../../../../src/fleet/signature/keys.ts';
import { encodeFrame, passOf, signRequest } from '../../../../src/fleet/signature/signed-frame.ts';
import type { HttpsAddress } from '../../../../src/fleet/transport/https-agent.ts';
import { createHttpsDoor, type HttpsDoor } from '../../../../src/fleet/transport/https-door.ts';
import { createHttpsGateway } from '../../../../src/fleet/transport/https-gateway.ts';
import { joinParts, partsHeader } from '../../../../src/fleet/transport/https-parts.ts';
import { createRouteWatch } from '../../../../src/fleet/transport/route-watch.ts';
import type { Answerer } from '../../../../src/fleet/transport/transport.ts';
import { isLetIn } from '../../../../src/http/let-in.ts';
import { listen } from '../../../../src/http/listeners.ts';
import type { KeyPair } from '../../../../src/tls/key-pair.ts';
import { createSelfSigned } from '../../../../src/tls/self-signed.ts';
import { buildApp } from '../../../../src/worker/app.ts';
import { testServices } from '../../../support/app.ts';
import { breakOff } from '../../../support/break-off.ts';
import { localPair } from '../../../support/key-pairs.ts';
import { newId } from '../../../support/new-fleet-key.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';
import { testTransport } from './transport-contract.ts';

let pair: KeyPair;
before(async () => {
  pair = await localPair();
});

const pinned = (url: string, { cert } = pair): HttpsAddress => ({
  url,
  ca: null,
  fingerprint: new X509Certificate(cert).fingerprint256,
});

/** The real application on an https address of its own, with that door; a null one is not configured. */
async function serve(fleetDoor: HttpsDoor | null, keyPair = pair) {
  const services = testServices({ fleetDoor });
  const app = await buildApp(services);
  const letIn: boolean[] = [];
  app.addHook('onSend', async ({ raw }) => {
    letIn.push(isLetIn(raw.socket));
  });
  const place = { url: 'https://127.0.0.1:0', host: '127.0.0.1', port: 0 };
  const listeners = await listen(app, [place], { current: () => keyPair });
  return {
    url: listeners.urls[0] ?? '',
    log: services.log,
    /** Of each answer: whether its connection counts as that of somebody who was let in. */
    letIn,
    close: async () => {
      await listeners.close();
      await app.close();
    },
  };
}

/** Nobody listens there. */
const nowhere = 'https://127.0.0.1:1';

testTransport('https', async () => {
  const addresses = new Map<string, string>();
  let isCut = false;
  let gateway: ReturnType<typeof createHttpsGateway>;
  const pass = { gateway: 'gw1', signature: '', digest: '' };
  return {
    hasOneAddress: true,
    gateway: async () => {
      gateway = createHttpsGateway(
        {
          addressOf: (server) => pinned(addresses.get(server) ?? nowhere),
          // A fake: the network of a test has no cable to pull.
          hasRoute: async () => !isCut,
        },
        { onProblem: () => {}, onUp: () => {} },
      );
      return gateway;
    },
    agent: async (host, answer) => {
      // What is sent here is no signed frame, so this door lets all in.
      const server = await serve({
        readPass: () => pass,
        admits: () => true,
        answer: async (verb, body) => ({
          parts: (await answer(verb, body)) ?? [],
          standing: 'known',
        }),
        refuse: async () => [],
      });
      addresses.set(host, server.url);
      return { maxPartBytes: () => 256 * 1024, close: server.close };
    },
    cut: async () => {
      isCut = true;
    },
    mend: async () => {
      isCut = false;
      await until(() => gateway.problem() === null, { what: 'the network is there again' });
    },
    close: () => gateway.close(),
  };
});

function newKey() {
  const key = readSigningKey(createSigningKey());
  assert.ok(key !== null);
  const publicKey = readPublicHalf(publicHalf(key));
  assert.ok(publicKey !== null);
  return { key, publicKey };
}

const own = newKey();
const stranger = newKey();

/** The message is anything: what it says is not the transport's business. */
function frame(message: Buffer, { key } = own, gateway = 'gw1') {
  return encodeFrame({ gateway, signature: signRequest(message, key), message });
}

describe('the address of a host over https', () => {
  let server: Awaited<ReturnType<typeof serve>>;
  let gateway: ReturnType<typeof createHttpsGateway>;
  const answered: Buffer[] = [];
  const problems: string[] = [];
  let address: HttpsAddress;
  const answer: Answerer = async (_verb, body) => {
    answered.push(Buffer.from(body));
    return [Buffer.from('answer')];
  };

  before(async () => {
    server = await serve(createHttpsDoor(new Map([['gw1', own.publicKey]]), answer));
    gateway = createHttpsGateway(
      { addressOf: () => address },
      { onProblem: (text) => problems.push(text), onUp: () => {} },
    );
  });
  after(async () => {
    await gateway.close();
    await server.close();
  });

  const ask = (body: Uint8Array, verb = 'list') =>
    gateway.ask('web1', verb, body, { signal: AbortSignal.timeout(20_000) });

  const post = (body: Uint8Array, headers: Record<string, string>, url = server.url) =>
    new Promise<number>((resolve, reject) => {
      const sent = httpsRequest(
        `${url}/fleet/v1/list`,
        { method: 'POST', headers, rejectUnauthorized: false, agent: false },
        (response) => {
          response.resume().once('end', () => resolve(response.statusCode ?? 0));
        },
      );
      sent.once('error', reject);
      sent.end(body);
    });

  test('what a known gateway has signed comes in whole, also far beyond what strangers may send', async () => {
    address = pinned(server.url);
    const large = frame(randomBytes(500_000));
    const result = await ask(large);
    assert.equal(result.kind, 'answer');
    assert.ok(answered.at(-1)?.equals(Buffer.from(large)));
    assert.ok(!server.log.join('').includes('gw1 '), 'no pass in the log');
  });

  test('a stranger’s body is not read, and its answer is why', async () => {
    const before = answered.length;
    assert.equal(await post(Buffer.alloc(8), {}), 403);
    const forged = frame(randomBytes(2_000), stranger);
    const result = await ask(forged);
    // The answerer of this test answers; what it was given is the head alone.
    assert.equal(result.kind, 'answer');
    assert.equal(answered.length, before + 1);
    assert.ok((answered.at(-1)?.length ?? Infinity) < 200);
  });

  test('after fifty strangers from one address their signatures are not even checked', async () => {
    let checks = 0;
    const busy = await serve({
      ...createHttpsDoor(new Map(), answer),
      admits: () => {
        checks += 1;
        return false;
      },
    });
    try {
      const headers = { 'uapid-fleet-pass': `gw1 ${'A'.repeat(86)} ${'A'.repeat(43)}` };
      const statuses: number[] = [];
      for (let count = 0; count < 52; count += 1) {
        statuses.push(await post(Buffer.alloc(0), headers, busy.url));
      }
      assert.deepEqual(statuses.slice(-2), [429, 429]);
      assert.equal(checks, 50);
    } finally {
      await busy.close();
    }
  });

  test('a pass that was seen goes with no other body, and after fifty tries the address waits', async () => {
    const own50 = await serve(createHttpsDoor(new Map([['gw1', own.publicKey]]), answer));
    try {
      const before = answered.length;
      const headers = { 'uapid-fleet-pass': passOf(frame(Buffer.from('seen'))) ?? '' };
      const statuses: number[] = [];
      for (let count = 0; count < 52; count += 1) {
        statuses.push(await post(frame(Buffer.from('another')), headers, own50.url));
      }
      assert.deepEqual(statuses.slice(-3), [200, 429, 429]);
      assert.ok(answered.slice(before).every((body) => !body.includes('another')));
    } finally {
      await own50.close();
    }
  });

  test('what was asked before counts against its address, and what was not does not', async () => {
    let refused: object = { refused: 'replayed', now: 1 };
    const part = () => Buffer.from(JSON.stringify({ v: 1, instance: newId(), ...refused }));
    const replayed = await serve(
      createHttpsDoor(new Map([['gw1', own.publicKey]]), async () => [part()]),
    );
    try {
      const body = frame(Buffer.from('seen'));
      const headers = { 'uapid-fleet-pass': passOf(body) ?? '' };
      const posts = async (count: number) => {
        const statuses = new Set<number>();
        for (let each = 0; each < count; each += 1) {
          statuses.add(await post(body, headers, replayed.url));
        }
        return [...statuses];
      };
      const asked = refused;
      refused = { refused: 'history-off', now: 1 };
      assert.deepEqual(await posts(60), [200]);
      refused = asked;
      assert.deepEqual(await posts(60), [200, 429]);
    } finally {
      await replayed.close();
    }
  });

  test('what a gateway with a wrong clock or another version asks locks it out of nothing, and lets no connection in', async () => {
    let refused: string | null = 'expired';
    const old = await serve(
      createHttpsDoor(new Map([['gw1', own.publicKey]]), async () => [
        Buffer.from(
          JSON.stringify({ v: 1, instance: newId(), ...(refused && { refused, now: 1 }) }),
        ),
      ]),
    );
    try {
      const body = frame(Buffer.from('seen'));
      const headers = { 'uapid-fleet-pass': passOf(body) ?? '' };
      for (refused of [
        'busy',
        'expired',
        'malformed',
        'not-for-me',
        'not-allowed',
        'unknown-verb',
      ]) {
        for (let each = 0; each < 15; each += 1) {
          assert.equal(await post(body, headers, old.url), 200, refused);
        }
      }
      assert.deepEqual(new Set(old.letIn), new Set([false]));
      refused = null;
      await post(body, headers, old.url);
      assert.equal(old.letIn.at(-1), true, 'an answer lets it in');
    } finally {
      await old.close();
    }
  });

  test('where no fleet is configured there is no such address', async () => {
    const plain = await serve(null);
    try {
      address = pinned(plain.url);
      assert.deepEqual(await ask(frame(Buffer.from('x'))), { kind: 'absent' });
      assert.match(problems.at(-1) ?? '', /is no host of a fleet over https/);
      assert.equal(await post(Buffer.alloc(0), {}, plain.url), 404);
    } finally {
      await plain.close();
    }
  });

  test('nothing is asked of a host whose certificate is not the one that is known', async () => {
    const before = answered.length;
    const other = await localPair();
    const elsewhere = await createSelfSigned(['web9.example'], 2);
    const named = await serve(
      createHttpsDoor(new Map([['gw1', own.publicKey]]), answer),
      elsewhere,
    );
    const { port } = new URL(server.url);
    const cases: [HttpsAddress, RegExp][] = [
      [pinned(server.url, other), /shows another certificate than the one that is pinned/],
      [{ url: server.url, ca: null, fingerprint: null }, /of no authority that is known here/],
      [
        { url: server.url, ca: other.cert, fingerprint: null },
        /of no authority that is known here/,
      ],
      [{ url: named.url, ca: elsewhere.cert, fingerprint: null }, /is for another name/],
      [{ url: nowhere, ca: null, fingerprint: null }, /refuses connections/],
    ];
    try {
      for (const [wrong, text] of cases) {
        address = wrong;
        assert.deepEqual(await ask(frame(Buffer.from('x'))), { kind: 'absent' });
        assert.match(problems.at(-1) ?? '', text);
      }
      assert.equal(answered.length, before);
      address = { url: `https://localhost:${port}`, ca: pair.cert, fingerprint: null };
      assert.equal((await ask(frame(Buffer.from('x')))).kind, 'answer');
    } finally {
      await named.close();
    }
  });
});

describe('a host over https that behaves as none should', () => {
  let server: Server;
  let gateway: ReturnType<typeof createHttpsGateway>;
  /** A fake host, which forces each fault. */
  let behave: (socket: Socket) => string | Buffer | null;
  let seen = 0;
  /** The TCP socket under each, by the port at the other end. */
  const raw = new Map<number | undefined, Socket>();
  const reset = ({ remotePort }: Socket) => {
    const socket = raw.get(remotePort);
    if (socket !== undefined) breakOff(socket);
  };

  before(async () => {
    server = createServer({ cert: pair.cert, key: pair.key }, (request) => {
      request.resume().once('end', () => {
        seen += 1;
        const bytes = behave(request.socket);
        if (bytes === null) return;
        request.socket.write(bytes);
      });
    });
    server.on('connection', (socket: Socket) => raw.set(socket.remotePort, socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    gateway = createHttpsGateway(
      { addressOf: () => pinned(`https://127.0.0.1:${port}`) },
      { onProblem: () => {}, onUp: () => {} },
    );
  });
  after(async () => {
    await gateway.close();
    server.closeAllConnections();
    server.close();
  });

  const ask = (verb = 'list', server = 'web1') =>
    gateway.ask(server, verb, Buffer.from('x'), { signal: AbortSignal.timeout(20_000) });
  const head = (parts: string, length: number) =>
    `HTTP/1.1 200 OK\r\n${partsHeader}: ${parts}\r\nContent-Length: ${length}\r\n\r\n`;
  const whole = () => {
    const body = joinParts([Buffer.from('well')]);
    return Buffer.concat([Buffer.from(head('1', body.length)), body]);
  };

  test('an answer without bounds is given up, and never kept', async () => {
    const tooLong = Buffer.alloc(4);
    tooLong.writeUInt32BE(300 * 1024);
    for (const bytes of [
      head('65', 10),
      head('many', 10),
      Buffer.concat([Buffer.from(head('1', 1_000_000)), tooLong]),
      'HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:2/\r\nContent-Length: 0\r\n\r\n',
    ]) {
      behave = () => bytes;
      assert.deepEqual(await ask(), { kind: 'silent' });
    }
  });

  test('a host that is cut off in the middle is silent, since it had the request', async () => {
    behave = (socket) => {
      setImmediate(() => socket.destroy());
      return head('1', 100);
    };
    assert.deepEqual(await ask(), { kind: 'silent' });
    behave = (socket) => {
      reset(socket);
      return null;
    };
    assert.deepEqual(await ask('end'), { kind: 'silent' });
  });

  test('over a kept connection that was closed just then a list is asked for again, an ending never', async () => {
    behave = whole;
    assert.equal((await ask()).kind, 'answer');
    let isFirst = true;
    behave = (socket) => {
      if (!isFirst) return whole();
      isFirst = false;
      reset(socket);
      return null;
    };
    seen = 0;
    assert.equal((await ask()).kind, 'answer');
    assert.equal(seen, 2);
    isFirst = true;
    seen = 0;
    assert.equal((await ask('end')).kind, 'silent');
    assert.equal(seen, 1);
  });

  test('a crowd of questions to a host that hangs holds no more than four connections', async () => {
    behave = () => null;
    seen = 0;
    const controller = new AbortController();
    const { signal } = controller;
    setMaxListeners(20, signal);
    const asks = Array.from({ length: 20 }, () =>
      gateway.ask('web1', 'list', Buffer.from('x'), { signal }),
    );
    await until(() => seen === 4, { what: 'four are asked' });
    controller.abort();
    const kinds = (await Promise.all(asks)).map(({ kind }) => kind);
    assert.deepEqual([...new Set(kinds)], ['silent']);
    assert.equal(seen, 4);
  });

  test('questions that take long leave room for lists and endings, which go first', async () => {
    behave = () => null;
    seen = 0;
    const controller = new AbortController();
    const { signal } = controller;
    setMaxListeners(20, signal);
    const slow = Array.from({ length: 4 }, () =>
      gateway.ask('web2', 'history', Buffer.from('x'), { signal }),
    );
    await until(() => seen === 2, { what: 'two of them are asked' });
    behave = whole;
    assert.equal((await ask('list', 'web2')).kind, 'answer');
    assert.equal(seen, 3);
    controller.abort();
    await Promise.all(slow);
  });

  test('endings that a session defies leave room for lists', async () => {
    behave = () => null;
    seen = 0;
    const controller = new AbortController();
    const { signal } = controller;
    setMaxListeners(20, signal);
    const endings = Array.from({ length: 6 }, () =>
      gateway.ask('web2', 'end', Buffer.from('x'), { signal }),
    );
    await until(() => seen === 4, { what: 'four of them are asked' });
    behave = whole;
    assert.equal((await ask('list', 'web2')).kind, 'answer');
    assert.equal(seen, 5);
    controller.abort();
    await Promise.all(endings);
  });

  test('what nobody waits for any more is not asked a second time', async () => {
    behave = whole;
    assert.equal((await ask('list', 'web3')).kind, 'answer');
    let held: Socket | null = null;
    behave = (socket) => {
      held = socket;
      return null;
    };
    seen = 0;
    const controller = new AbortController();
    const result = gateway.ask('web3', 'list', Buffer.from('x'), { signal: controller.signal });
    await until(() => held !== null, { what: 'it is asked' });
    controller.abort();
    assert.equal((await result).kind, 'silent');
    behave = whole;
    assert.ok(held !== null);
    const [socket] = [held as Socket];
    const ended = once(raw.get(socket.remotePort) ?? socket, 'close');
    reset(socket);
    await ended;
    // Asked after it: so a second sending would have come by then.
    assert.equal((await ask('list', 'web3')).kind, 'answer');
    assert.equal(seen, 2);
  });
});

describe('the network of a gateway to many hosts', () => {
  /** A fake: which addresses this machine has a way to. */
  let reachable: ReadonlySet<string>;
  const watchOf = (addresses: readonly string[], lost: string[]) =>
    createRouteWatch({
      addresses: () => addresses,
      hasRoute: async (address) => reachable.has(address),
      onLost: () => lost.push('lost'),
      onBack: () => lost.push('back'),
    });

  test('is lost only where there is a way to none of them, and back with a way to any', async () => {
    const addresses = Array.from({ length: 20 }, (_, index) => `192.0.2.${index + 1}`);
    const lost: string[] = [];
    const watch = watchOf(addresses, lost);
    reachable = new Set(addresses.slice(-1));
    assert.equal(await watch.look(), false, 'the first ones alone are no network');
    reachable = new Set();
    assert.equal(await watch.look(), true);
    reachable = new Set(addresses.slice(-1));
    await until(async () => !(await watch.look()), { what: 'each is tried in its turn' });
    assert.deepEqual(lost, ['lost', 'back']);
    watch.close();
  });

  test('a name that cannot be looked up is that host’s fault, unless none can', async (t) => {
    let wrong: Readonly<Record<string, string>> = {};
    t.mock.method(
      dns,
      'lookup',
      (name: string, _options: object, done: (error: Error) => void) =>
        void setImmediate(() => done(Object.assign(new Error('forced'), { code: wrong[name] }))),
    );
    const kindsWith = async (codes: Readonly<Record<string, string>>) => {
      wrong = codes;
      const gateway = createHttpsGateway(
        { addressOf: (name) => pinned(`https://${name}.example:1`) },
        { onProblem: () => {}, onUp: () => {} },
      );
      const kinds = await Promise.all(
        ['web1', 'web2'].map(async (name) => {
          const signal = AbortSignal.timeout(20_000);
          return (await gateway.ask(name, 'list', Buffer.from('x'), { signal })).kind;
        }),
      );
      await gateway.close();
      return kinds;
    };
    assert.deepEqual(
      await kindsWith({ 'web1.example': 'EAI_AGAIN', 'web2.example': 'ENOTFOUND' }),
      ['absent', 'absent'],
    );
    const allFail = await kindsWith({ 'web1.example': 'EAI_AGAIN', 'web2.example': 'EAI_AGAIN' });
    assert.ok(allFail.includes('lost'), 'one that says that the network is gone is enough');
  });
});

test('that this machine has no way to an address is known without sending a byte', {
  skip: needsSandbox(),
}, () => {
  const watch = new URL('../../../../src/fleet/transport/route-watch.js', import.meta.url);
  const code = `import('${watch}').then(async ({ hasRouteTo }) => {
    console.log(await hasRouteTo('192.0.2.7'), await hasRouteTo('2001:db8::7'), await hasRouteTo('web1'));
  })`;
  const { stdout } = spawnSync('unshare', ['--net', process.execPath, '-e', code], {
    encoding: 'utf8',
  });
  assert.equal(stdout, 'false false false\n');
});
