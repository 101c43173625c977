import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkNats } from '../../../../src/check/fleet-nats.ts';
import { natsConfig } from '../../../../src/fleet/nats-config.ts';
import { createNatsGateway } from '../../../../src/fleet/transport/nats-gateway.ts';
import { breakOff } from '../../../support/break-off.ts';
import {
  createAuthority,
  type RunningNats,
  startNats,
  type TestAuthority,
} from '../../../support/nats/nats-server.ts';
import { newKey } from '../../../support/new-fleet-key.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';

/** The way to the server by an address; its certificate is for localhost and 127.0.0.1. */
interface Way {
  readonly at: string;
  dialled: number;
  cut(): void;
  close(): Promise<unknown>;
}

describe('whose certificate a messaging server shows', { skip: needsSandbox() }, () => {
  const key = newKey();
  const ways: Way[] = [];
  let authority: TestAuthority;
  let nats: RunningNats;

  const config = (listen: string) =>
    natsConfig({
      gateways: [{ name: 'gw1', key: key.publicKey }],
      hosts: [],
      tls: authority.serverFiles,
      listen,
      operator: null,
    });

  before(async () => {
    authority = createAuthority();
    nats = await startNats(config);
  });
  after(async () => {
    for (const way of ways) await way.close();
    await nats?.stop();
    authority?.remove();
  });

  /** A way on that address. With `advertises`, it is one of somebody who adds that server to what the real one tells. */
  async function openWay(host: string, advertises?: string, to = nats): Promise<Way> {
    const sockets = new Set<Socket>();
    const server: Server = createServer((near) => {
      way.dialled += 1;
      const far = connect(to.port, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one);
        one.on('error', () => {}).on('close', () => other.destroy());
      }
      near.pipe(far);
      // Before TLS: nobody can tell that it was changed.
      far.once('data', (info) => {
        const more = advertises === undefined ? '' : `"connect_urls":["${advertises}"],`;
        near.write(info.toString().replace('INFO {', `INFO {${more}`));
        far.pipe(near);
      });
    });
    server.listen(0, host);
    await once(server, 'listening');
    const way: Way = {
      at: `${host}:${(server.address() as AddressInfo).port}`,
      dialled: 0,
      cut: () => {
        for (const socket of sockets) if (!socket.destroyed) breakOff(socket);
        sockets.clear();
      },
      close: () => {
        way.cut();
        return new Promise((resolve) => server.close(resolve));
      },
    };
    ways.push(way);
    return way;
  }

  /** A gateway of those servers, with all that it says. */
  async function open(...servers: string[]) {
    const said = { up: [] as string[], problems: [] as string[] };
    const gateway = await createNatsGateway(
      'gw1',
      { servers, tls: authority.client('gw1'), key, name: 'gw1' },
      {
        onProblem: (sentence) => said.problems.push(sentence),
        onUp: (server) => said.up.push(server),
      },
    );
    return { ...said, gateway };
  }

  test('a server that is dialled by an address is none whose certificate is for localhost alone', async () => {
    const way = await openWay('127.0.0.2');
    const url = `tls://${way.at}`;
    const { up, problems, gateway } = await open(url);
    try {
      await until(() => problems.length + up.length > 0, { what: 'it is refused' });
      assert.deepEqual(up, []);
      assert.deepEqual(problems, [
        `the certificate of ${url} is for another name: name it in --fleet as its certificate does, or give it one with this name`,
      ]);
    } finally {
      await gateway.close();
    }
    const tls = authority.client('gw1');
    const found = await checkNats({ url, tls, key, host: null, gateway: null });
    assert.deepEqual(
      found.map(({ text }) => text),
      problems.map((sentence) => `${sentence}.`),
    );
  });

  test('a server is taken by each name and address that its certificate has', async () => {
    for (const host of ['localhost', '127.0.0.1']) {
      const { up, problems, gateway } = await open(`tls://${host}:${nats.port}`);
      try {
        await until(() => problems.length + up.length > 0, { what: `${host} is dialled` });
        assert.deepEqual(problems, []);
      } finally {
        await gateway.close();
      }
    }
  });

  test('of several servers, also where the connection was cut, none is taken but by its own name', async () => {
    const other = await openWay('127.0.0.2');
    const well = await openWay('127.0.0.1');
    const { up, gateway } = await open(`tls://${other.at}`, `tls://${well.at}`);
    try {
      await until(() => up.length > 0, { what: 'it is connected' });
      const before = other.dialled;
      for (let times = 1; times < 20 && other.dialled === before; times += 1) {
        const connections = up.length;
        well.cut();
        other.cut();
        await until(() => up.length > connections, { what: 'it is connected again' });
      }
      assert.ok(other.dialled > before, 'the other was dialled, too');
      assert.deepEqual([...new Set(up)], [well.at]);
    } finally {
      await gateway.close();
    }
  });

  test('a server that is merely advertised is never dialled', async () => {
    const advertised = await openWay('127.0.0.2');
    const well = await openWay('127.0.0.1', advertised.at);
    const { up, gateway } = await open(`tls://${well.at}`);
    try {
      await until(() => up.length > 0, { what: 'it is connected' });
      for (let times = 1; times <= 3; times += 1) {
        well.cut();
        await until(() => up.length > times, { what: 'it is connected again' });
      }
      assert.equal(advertised.dialled, 0);
    } finally {
      await gateway.close();
    }
  });

  test('a member without TLS settings is told to name them, however it dials and whoever has made the certificate', async () => {
    // One that takes whoever shows no certificate, so that nothing but the member itself keeps it out.
    const lax = await startNats((listen) => config(listen).replace('verify: true, ', ''));
    try {
      const ways = [await openWay('127.0.0.2'), await openWay('127.0.0.2', undefined, lax)];
      const ports = [nats.port, lax.port];
      const urls = [
        ...ports.flatMap((port) => [`nats://localhost:${port}`, `nats://127.0.0.1:${port}`]),
        ...ways.map(({ at }) => `nats://${at}`),
      ];
      const program = fileURLToPath(new URL('./plain-member.js', import.meta.url));
      const saidBy = async (env: NodeJS.ProcessEnv) => {
        const { stdout } = await promisify(execFile)(process.execPath, [program, ...urls], {
          env: { ...process.env, ...env },
        });
        return JSON.parse(stdout);
      };
      const expected = urls.map(
        (url) => `${url} wants TLS: name --fleet-tls-ca, --fleet-tls-cert and --fleet-tls-key`,
      );
      // Of an authority that nobody has named, and of one that Node.js trusts.
      const trusting = { NODE_EXTRA_CA_CERTS: authority.serverFiles.ca };
      assert.deepEqual(await Promise.all([saidBy({}), saidBy(trusting)]), [expected, expected]);
    } finally {
      await lax.stop();
    }
  });
});
