import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { natsConfig } from '../../../src/fleet/nats-config.ts';
import type { ConnectionKey } from '../../../src/fleet/signature/keys.ts';
import type { HttpsAddress } from '../../../src/fleet/transport/https-agent.ts';
import { createHttpsGateway } from '../../../src/fleet/transport/https-gateway.ts';
import { explainHttps } from '../../../src/fleet/transport/https-problem.ts';
import { createNatsAgent } from '../../../src/fleet/transport/nats-agent.ts';
import { createNatsGateway } from '../../../src/fleet/transport/nats-gateway.ts';
import { projectRoot } from '../../support/debian-packages.ts';
import {
  type ClientTls,
  createAuthority,
  startNats,
  type TestAuthority,
} from '../../support/nats/nats-server.ts';
import { newKey } from '../../support/new-fleet-key.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { wrongClockLibrary } from '../../support/wrong-clock/wrong-clock.ts';

/** The texts of the section's table, "…" standing for anything. */
function documented(section: string): ReadonlyMap<string, RegExp> {
  const page = readFileSync(join(projectRoot(), 'docs/fleet.md'), 'utf8');
  const [, part = ''] = page.split(`### ${section}\n`);
  const rows = (part.split('\n### ')[0] ?? '').matchAll(/^\| `([^`]+)` \|/gm);
  return new Map(
    Array.from(rows, ([, text = '']) => {
      const literal = text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.*');
      return [text, new RegExp(`^${literal}$`, 's')];
    }),
  );
}

const table = documented('In the log of a member');

test('each error of docs/fleet.md in the log of a member is heard, and nothing else is', {
  skip: needsSandbox(),
}, async (t) => {
  const keys = { gw1: newKey(), web1: newKey(), web2: newKey() };
  const said = new Set<string>();
  const closers: (() => unknown)[] = [];
  const authority = createAuthority();
  closers.push(() => authority.remove());
  const tls = authority.client('member');
  const nats = await startNats((listen) =>
    natsConfig({
      gateways: [{ name: 'gw1', key: keys.gw1.publicKey }],
      hosts: (['web1', 'web2'] as const).map((name) => ({ name, key: keys[name].publicKey })),
      tls: authority.serverFiles,
      listen,
      operator: null,
    }),
  );
  closers.push(() => nats.stop());
  t.after(async () => {
    for (const close of closers.reverse()) await close();
  });

  /** Whether a text is in the table; all of them have to be. */
  const heard: string[] = [];
  const hear = (text: string) => {
    heard.push(text);
    for (const [row, form] of table) if (form.test(text)) said.add(row);
  };
  const reports = { onProblem: hear, onUp: () => {} };
  const rowOf = (begin: string) => {
    const rows = [...table.keys()].filter((row) => row.startsWith(begin));
    assert.equal(rows.length, 1, `one row of the table begins with “${begin}”`);
    return rows[0] ?? '';
  };
  const untilSaid = async (begin: string) => {
    const row = rowOf(begin);
    await until(() => said.has(row), { what: `${begin}: ${heard.join('\n')}` });
  };

  const place = (key: ConnectionKey, more: { url?: string; tls?: ClientTls | null } = {}) => ({
    servers: [more.url ?? nats.url],
    tls: more.tls === undefined ? tls : more.tls,
    key,
    name: 'test',
  });

  /** The way to a server of this test by an address that its certificate does not have. */
  async function byOtherAddress(port: number): Promise<string> {
    const relay = createTcpServer((near) => {
      const far = connect(port, '127.0.0.1');
      near.on('error', () => {}).on('close', () => far.destroy());
      far.on('error', () => {}).on('close', () => near.destroy());
      near.pipe(far).pipe(near);
    });
    closers.push(() => relay.close());
    return `127.0.0.2:${await portOf(relay, '127.0.0.2')}`;
  }

  /** What a gateway says that cannot connect as that. */
  async function gatewayHears(as: ReturnType<typeof place>, begin: string): Promise<void> {
    const gateway = await createNatsGateway('gw1', as, reports);
    closers.push(() => gateway.close());
    await untilSaid(begin);
    await gateway.close();
  }

  await t.test('of a messaging server that lets nobody in, or is none', async () => {
    await gatewayHears(place(newKey()), 'nats://… does not know this key');
    const stranger = createAuthority();
    const { ca: foreignCa, ...own } = stranger.client('gw1');
    const foreign = { ...own, ca: tls.ca };
    stranger.remove();
    await gatewayHears(place(keys.gw1, { tls: foreign }), 'nats://… closed the connection');
    await gatewayHears(place(keys.gw1, { tls: null }), 'nats://… wants TLS');
    const byOther = place(keys.gw1, { url: `nats://${await byOtherAddress(nats.port)}` });
    await gatewayHears(byOther, 'the certificate of nats://… is for another');
    const otherCa = place(keys.gw1, { tls: { ...tls, ca: foreignCa } });
    await gatewayHears(otherCa, 'the certificate of nats://… is of another');
    const nowhere = place(keys.gw1, { url: 'nats://127.0.0.1:1' });
    await gatewayHears(nowhere, 'nats://… cannot be reached');
    for (const [version, begin] of [
      ['2.12.3', 'nats-server 2.12.3'],
      ['2.9.10', 'nats-server 2.9.10'],
    ] as const) {
      // A fake, which says of itself what no package of this test's says, and lets everybody in.
      const info = {
        server_id: 'x',
        nonce: 'abcdefghijk',
        version,
        max_payload: 1_048_576,
        headers: true,
        proto: 1,
      };
      const fake = createTcpServer((socket) => {
        socket.on('error', () => {});
        socket.write(`INFO ${JSON.stringify(info)}\r\n`);
        socket.on('data', (data) => data.includes('PING') && socket.write('PONG\r\n'));
      });
      const url = `nats://127.0.0.1:${await portOf(fake)}`;
      await gatewayHears(place(keys.gw1, { url, tls: null }), begin);
      await gatewayHears(place(keys.gw1, { url }), 'nats://… speaks without TLS');
      fake.close();
    }
  });

  await t.test(
    'of rights that are another’s, of a message that is too long, and of a connection that ends',
    async () => {
      const other = await createNatsGateway('gw9', place(keys.gw1), reports);
      closers.push(() => other.close());
      await untilSaid('answers cannot be received');
      await untilSaid('nats://…: Permissions Violation');
      await other.close();
      await untilSaid('the connection to nats://… is closed');
      const host = await createNatsAgent('web9', place(keys.web2), async () => [], reports);
      closers.push(() => host.close());
      await untilSaid('requests cannot be received');
      await host.close();
      let size = 2 * 1024 * 1024;
      const long = async () => [Buffer.alloc(size)];
      const agent = await createNatsAgent('web1', place(keys.web1), long, reports);
      closers.push(() => agent.close());
      const gateway = await createNatsGateway('gw1', place(keys.gw1), reports);
      closers.push(() => gateway.close());
      const notAnswered = rowOf('answering failed');
      await until(
        async () => {
          const signal = AbortSignal.timeout(200);
          await gateway.ask('web1', 'list', Buffer.from('x'), { signal });
          return said.has(notAnswered);
        },
        { what: 'the answer is too long' },
      );
      const [tooLong = Buffer.alloc(0)] = await long();
      await gateway.ask('web1', 'list', tooLong, { signal: AbortSignal.timeout(20_000) });
      await untilSaid('asking failed');
      size = 300_000;
      await gateway.ask('web1', 'list', Buffer.from('x'), { signal: AbortSignal.timeout(200) });
      await untilSaid('web1 sends more than');
      await nats.stop('SIGKILL');
      await untilSaid('the connection to nats://… is lost');
      await Promise.all([agent.close(), gateway.close()]);
    },
  );

  await t.test('of hosts that are asked over https', async () => {
    const of = (days: number) => createAuthority({ LD_PRELOAD: wrongClockLibrary(days * 86_400) });
    const serve = async (by: TestAuthority, onRequest: RequestListener) => {
      const [cert, key] = [readFileSync(by.serverFiles.cert), readFileSync(by.serverFiles.key)];
      const server = createServer({ cert, key }, onRequest);
      const port = await portOf(server);
      closers.push(() => {
        server.closeAllConnections();
        server.close();
      });
      const address = { ca: readFileSync(by.serverFiles.ca, 'utf8'), fingerprint: null };
      return { ...address, url: `https://127.0.0.1:${port}`, port, cert };
    };
    const [past, future] = [of(-10), of(10)];
    closers.push(
      () => past.remove(),
      () => future.remove(),
    );
    let status = 404;
    const silence = 0;
    const answers: RequestListener = (_request, response) => {
      if (status === silence) return;
      response.statusCode = status;
      response.end();
    };
    const well = await serve(authority, answers);
    const plain = createHttpServer(answers);
    const plainPort = await portOf(plain);
    closers.push(() => plain.close());
    const { fingerprint256 } = new X509Certificate(well.cert);
    const otherPin = fingerprint256.replace(/^../, (byte) => (byte === '00' ? '01' : '00'));
    let address: HttpsAddress | undefined;
    let hasRoute = true;
    const gateway = createHttpsGateway(
      { addressOf: () => address, hasRoute: async () => hasRoute },
      reports,
    );
    closers.push(() => gateway.close());
    const ask = async (begin: string, to: HttpsAddress | undefined) => {
      address = to;
      const signal = AbortSignal.timeout(20_000);
      await gateway.ask('web1', 'list', Buffer.from('x'), { signal });
      await untilSaid(begin);
    };
    await ask('web1: the certificate of https://… is of no authority', { ...well, ca: null });
    const byOther = { ...well, url: `https://${await byOtherAddress(well.port)}` };
    await ask('web1: the certificate of https://… is for another name', byOther);
    await ask('web1: the certificate of https://… has expired', await serve(past, answers));
    await ask('web1: the certificate of https://… is not valid yet', await serve(future, answers));
    await ask('web1: https://… shows another', { ...well, ca: null, fingerprint: otherPin });
    await ask('web1: https://… refuses connections', { ...well, url: 'https://127.0.0.1:1' });
    const http = { ...well, url: `https://127.0.0.1:${plainPort}` };
    await ask('web1: https://… speaks no TLS', http);
    await ask('web1: https://… is no host of a fleet', well);
    status = 429;
    await ask('web1: https://… was asked', well);
    status = 500;
    await ask('web1: https://… answers with', well);
    await ask('web1: it has no address', undefined);
    // Forced: the sandbox has no resolver, and what else the system may say is not to be had.
    for (const code of ['ENOTFOUND', 'ETIMEDOUT']) {
      hear(`web1: ${explainHttps(Object.assign(new Error(code), { code }), well)}`);
    }
    // A fake: the network of a test has no cable to pull.
    hasRoute = false;
    status = silence;
    await ask('this machine has no network', well);
  });

  assert.deepEqual(
    [...table.keys()].filter((row) => !said.has(row)),
    [],
    'rows that nothing says',
  );
  const forms = [...table.values()];
  assert.deepEqual(
    heard.filter((text) => !forms.some((form) => form.test(text))),
    [],
    'texts that no row has',
  );
});

async function portOf(server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
